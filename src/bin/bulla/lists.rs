//! Flags that take one file or several, and the file that a command is about.
use std::ffi::OsString;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Args, FromArgMatches};

use crate::failure::{Done, Failure};

/// The lists that a command takes.
pub(crate) trait ListFlags {
    const ALL: &'static [List];
    /// What the command is about, in its help: a name and a sentence.
    const FILE: (&'static str, &'static str);
}

pub(crate) struct List {
    pub(crate) name: &'static str,
    /// What each of it is: FILE, say.
    pub(crate) value: &'static str,
    pub(crate) help: &'static str,
    pub(crate) required: bool,
}

pub(crate) const TRUST: List = List {
    name: "trust",
    value: "FILE",
    help: "Certificates of those who are trusted, or a directory of such files",
    required: true,
};
pub(crate) const UNTRUSTED: List = List {
    name: "untrusted",
    value: "FILE",
    help: "Certificates that the path may lead through",
    required: false,
};
pub(crate) const CRL: List = List { name: "crl", value: "FILE", help: "CRLs", required: false };
pub(crate) const OCSP: List =
    List { name: "ocsp", value: "FILE", help: "OCSP responses, in DER", required: false };

/// Flags that take one file or several, each of them any number of times, and FILE.
///
/// Who writes `--trust a.pem b.pem` may mean two who are trusted, or one and FILE. Where FILE is missing, the last word of
/// the command line is FILE, as it would be if each flag took one file; anywhere else it is unclear, and refused.
pub(crate) struct Lists<F> {
    all: Vec<Vec<OsString>>,
    file: Option<PathBuf>,
    unclear: bool,
    flags: PhantomData<F>,
}

impl<F: ListFlags> Lists<F> {
    /// What the command is about; `None` is standard input.
    pub(crate) fn file(&self) -> Done<Option<&Path>> {
        if self.unclear {
            let (name, _) = F::FILE;
            let why =
                format!("a flag takes all words up to the next flag, so it is not clear which is {name}");
            let hint = format!("put {name} at the end of the line, after all flags, or - for standard input");
            return Err(Failure::usage("arguments", why, hint));
        }
        Ok(self.file.as_deref())
    }

    fn words(&self, list: &List) -> impl Iterator<Item = &OsString> {
        let at = F::ALL.iter().position(|known| known.name == list.name);
        at.and_then(|at| self.all.get(at)).into_iter().flatten()
    }

    pub(crate) fn paths(&self, list: &List) -> Vec<PathBuf> {
        self.words(list).map(PathBuf::from).collect()
    }

    pub(crate) fn texts(&self, list: &List) -> Vec<String> {
        self.words(list).map(|word| word.to_string_lossy().into_owned()).collect()
    }

    pub(crate) fn is_given(&self, list: &List) -> bool {
        self.words(list).next().is_some()
    }
}

impl<F: ListFlags> Args for Lists<F> {
    fn augment_args(command: clap::Command) -> clap::Command {
        let flag = |list: &List| {
            let flag = Arg::new(list.name).long(list.name).value_name(list.value).help(list.help);
            flag.num_args(1..)
                .action(clap::ArgAction::Append)
                .required(list.required)
                .value_parser(clap::value_parser!(OsString))
        };
        let (name, help) = F::FILE;
        let file = Arg::new("file").value_name(name).value_parser(clap::value_parser!(PathBuf));
        command.args(F::ALL.iter().map(flag)).arg(file.help(help))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl<F: ListFlags> FromArgMatches for Lists<F> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut file = matches.get_one::<PathBuf>("file").cloned();
        let last = std::env::args_os().next_back();
        let mut unclear = false;
        let collect = |list: &List| {
            let occurrences = matches.get_occurrences::<OsString>(list.name).into_iter().flatten();
            occurrences.flatten().cloned().collect::<Vec<_>>()
        };
        let mut all: Vec<Vec<OsString>> = F::ALL.iter().map(collect).collect();
        if file.is_none() {
            let several = |list: &List| {
                let mut occurrences = matches.get_occurrences::<OsString>(list.name).into_iter().flatten();
                occurrences.any(|mut occurrence| occurrence.nth(1).is_some())
            };
            let ending = F::ALL.iter().zip(&mut all).find(|(list, words)| {
                let last_of = matches.get_occurrences::<OsString>(list.name).and_then(Iterator::last);
                last_of.is_some_and(|occurrence| occurrence.len() > 1) && words.last() == last.as_ref()
            });
            match ending {
                Some((_, words)) => file = words.pop().map(PathBuf::from),
                None => unclear = F::ALL.iter().any(several),
            }
        }
        Ok(Lists { all, file, unclear, flags: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
