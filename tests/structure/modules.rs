//! Reads Rust sources into a tree of modules with the paths each names: enough of the language to judge imports, no more.
use super::tokens::{Token, closing, is_in, tokens, without_tests};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Words that may stand before a path without being part of it.
const KEYWORDS: &str = "as break const dyn else for if impl in let loop match move mut pub ref return static use where while yield";
/// A path as written, or one branch of a `use` tree.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) segments: Vec<String>,
    /// Written with `::` in front: always another crate.
    pub(crate) leading: bool,
    pub(crate) line: usize,
}

/// A `use`: the name it gives, or `*`.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub(crate) name: String,
    pub(crate) of: Named,
    pub(crate) public: bool,
}

/// A module: a file, or a `mod name { … }` inside one.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) file: String,
    /// Child modules, and whether they are `pub`.
    pub(crate) children: BTreeMap<String, bool>,
    /// Names defined here, and whether they are `pub`.
    pub(crate) items: BTreeMap<String, bool>,
    pub(crate) uses: Vec<Use>,
    pub(crate) paths: Vec<Named>,
}

/// Where a path leads.
#[derive(Debug)]
pub(crate) enum Target {
    /// To another crate: the whole path, from the crate's name on.
    Extern(Vec<String>),
    /// To a module of this crate, or a name in it.
    Ours(Place),
}

/// A place in one of our crates.
#[derive(Debug)]
pub(crate) struct Place {
    /// Modules walked through, the one that holds the name last.
    pub(crate) through: Vec<String>,
    /// Every step was `pub`.
    pub(crate) public: bool,
}

/// All sources under one folder, by path from it.
#[derive(Debug, Default)]
pub(crate) struct House {
    pub(crate) texts: BTreeMap<String, String>,
    /// By path: `crate::keys::key`, or `bin/bulla::args` in the command.
    pub(crate) modules: BTreeMap<String, Module>,
    /// Files that only tests compile.
    pub(crate) test_files: BTreeSet<String>,
}

impl House {
    /// Reads every `.rs` file under a folder.
    pub(crate) fn read(folder: &Path) -> House {
        let mut texts = BTreeMap::new();
        let mut waiting = vec![folder.to_path_buf()];
        while let Some(at) = waiting.pop() {
            let entries = fs::read_dir(&at).unwrap_or_else(|e| panic!("cannot read {}: {e}", at.display()));
            for path in entries.map(|entry| entry.expect("a folder's entry").path()) {
                if path.is_dir() {
                    waiting.push(path);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    let name = path.strip_prefix(folder).expect("under the folder");
                    let name = name.to_str().expect("file names are UTF-8").replace('\\', "/");
                    texts.insert(name, fs::read_to_string(&path).expect("sources are UTF-8"));
                }
            }
        }
        House::of(texts)
    }

    /// The same, from texts at hand.
    pub(crate) fn of(texts: BTreeMap<String, String>) -> House {
        let mut house = House { texts, ..House::default() };
        let roots: Vec<(String, String)> = house
            .texts
            .keys()
            .filter_map(|file| match file.split('/').collect::<Vec<_>>()[..] {
                ["lib.rs"] => Some(("crate".to_owned(), file.clone())),
                ["bin", name] => Some((format!("bin/{}", name.trim_end_matches(".rs")), file.clone())),
                ["bin", name, "main.rs"] => Some((format!("bin/{name}"), file.clone())),
                _ => None,
            })
            .collect();
        for (key, file) in roots {
            house.add(&key, &file);
        }
        house
    }

    fn add(&mut self, key: &str, file: &str) {
        let Some(text) = self.texts.get(file) else {
            return;
        };
        let (tokens, test_modules) = without_tests(&tokens(text));
        let folder = child_folder(file, key);
        for name in test_modules {
            let prefix = format!("{folder}{name}/");
            let own = format!("{folder}{name}.rs");
            let files = self.texts.keys().filter(|f| **f == own || f.starts_with(&prefix)).cloned();
            self.test_files.extend(files.collect::<Vec<_>>());
        }
        let mut found = Vec::new();
        parse(key, file, &tokens, &mut found);
        let mut files = Vec::new();
        for (inner, module, outside) in found {
            let path = inner.trim_start_matches(key).replace("::", "/");
            let path = path.trim_start_matches('/');
            let base = if path.is_empty() { folder.clone() } else { format!("{folder}{path}/") };
            for name in outside {
                let child = format!("{inner}::{name}");
                let beside = format!("{base}{name}.rs");
                let below = format!("{base}{name}/mod.rs");
                files.push((child, if self.texts.contains_key(&beside) { beside } else { below }));
            }
            self.modules.insert(inner, module);
        }
        for (key, file) in files {
            self.add(&key, &file);
        }
    }

    /// The file a module is in.
    pub(crate) fn file(&self, module: &str) -> &str {
        self.modules.get(module).map_or("", |m| &m.file)
    }

    /// Every path that a module names, `use` and others.
    pub(crate) fn names(&self, module: &str) -> impl Iterator<Item = &Named> {
        let module = &self.modules[module];
        module.uses.iter().map(|u| &u.of).chain(&module.paths)
    }

    /// Where a path written in a module leads.
    pub(crate) fn resolve(&self, module: &str, named: &Named) -> Target {
        self.lead(module, named, 0)
    }

    fn lead(&self, module: &str, named: &Named, depth: usize) -> Target {
        let segments = &named.segments;
        let first = segments.first().map_or("", String::as_str);
        if named.leading || depth > 16 {
            return Target::Extern(segments.clone());
        }
        let root = module.split("::").next().unwrap_or(module);
        match first {
            "crate" => return self.walk(root, &segments[1..], false, depth),
            "self" => return self.walk(module, &segments[1..], false, depth),
            "super" => {
                let ups = segments.iter().take_while(|s| *s == "super").count();
                let mut at = module;
                for _ in 0..ups {
                    at = at.rsplit_once("::").map_or(at, |(parent, _)| parent);
                }
                return self.walk(at, &segments[ups..], false, depth);
            }
            _ => {}
        }
        // The path may be written in a place that a re-export led to, so look names up as that module would.
        let Some(here) = self.modules.get(module) else {
            return Target::Extern(segments.clone());
        };
        let itself = |u: &Use| u.of.segments.first().is_some_and(|s| s == first) && !u.of.leading;
        let known = here.children.contains_key(first)
            || here.items.contains_key(first)
            || here.uses.iter().any(|u| u.name == first && !itself(u))
            || here.uses.iter().any(|u| u.name == "*" && !itself(u) && self.brings(module, u, first, depth));
        if known { self.walk(module, segments, true, depth) } else { Target::Extern(segments.clone()) }
    }

    /// Whether a `use …::*` brings a name.
    fn brings(&self, module: &str, glob: &Use, name: &str, depth: usize) -> bool {
        let Target::Ours(place) = self.lead(module, &glob.of, depth + 1) else {
            return false;
        };
        let Some(there) = place.through.last().and_then(|key| self.modules.get(key)) else {
            return false;
        };
        there.children.contains_key(name)
            || there.items.contains_key(name)
            || there.uses.iter().any(|u| u.name == name)
    }

    /// Follows names from a module on. `inside`: the path is written there, so the first name need not be `pub`.
    fn walk(&self, start: &str, rest: &[String], inside: bool, depth: usize) -> Target {
        let mut through = vec![start.to_owned()];
        let mut public = true;
        let mut at = start.to_owned();
        for (done, name) in rest.iter().enumerate() {
            let Some(here) = self.modules.get(&at) else {
                break;
            };
            if let Some(seen) = here.children.get(name) {
                public &= *seen || (inside && done == 0);
                at = format!("{at}::{name}");
                through.push(at.clone());
                continue;
            }
            if let Some(seen) = here.items.get(name) {
                return Target::Ours(Place { through, public: public && (*seen || (inside && done == 0)) });
            }
            let by_name = here.uses.iter().find(|u| u.name == *name);
            let by_glob = || here.uses.iter().find(|u| u.name == "*" && self.brings(&at, u, name, depth));
            let Some(brought) = by_name.or_else(by_glob) else {
                return Target::Ours(Place { through, public: false });
            };
            let mut onward = brought.of.clone();
            if brought.name == "*" {
                onward.segments.push(name.clone());
            }
            onward.segments.extend(rest[done + 1..].iter().cloned());
            return match self.lead(&at, &onward, depth + 1) {
                Target::Ours(mut place) => {
                    through.append(&mut place.through);
                    place.public = match inside && done == 0 {
                        true => place.public,
                        false => public && brought.public,
                    };
                    Target::Ours(Place { through, ..place })
                }
                outside => outside,
            };
        }
        Target::Ours(Place { through, public })
    }
}

/// The folder where a file's child modules lie, with its last `/`.
fn child_folder(file: &str, key: &str) -> String {
    let (folder, name) = file.rsplit_once('/').map_or(("", file), |(f, n)| (f, n));
    let slash = if folder.is_empty() { "" } else { "/" };
    let is_root = !key.contains("::");
    if is_root || name == "mod.rs" {
        format!("{folder}{slash}")
    } else {
        format!("{folder}{slash}{}/", name.trim_end_matches(".rs"))
    }
}

/// A module found in a file, with the names of the children that are other files.
type Found = (String, Module, Vec<String>);

fn parse(key: &str, file: &str, tokens: &[Token], found: &mut Vec<Found>) {
    let mut module = Module { file: file.to_owned(), ..Module::default() };
    let mut outside = Vec::new();
    let place = found.len();
    found.push((key.to_owned(), Module::default(), Vec::new()));
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let is_name = |i: usize| text(i).starts_with(|c: char| c.is_alphabetic() || c == '_');
    let (mut i, mut depth, mut public) = (0, 0_usize, false);
    while i < tokens.len() {
        match text(i) {
            "#" => {
                let open = if text(i + 1) == "!" { i + 2 } else { i + 1 };
                i = if text(open) == "[" { closing(tokens, open) } else { i };
            }
            "pub" => {
                public = text(i + 1) != "(";
                i = if public { i } else { closing(tokens, i + 1) };
            }
            "mod" if is_name(i + 1) && matches!(text(i + 2), ";" | "{") => {
                let name = text(i + 1).to_owned();
                module.children.insert(name.clone(), public);
                public = false;
                if text(i + 2) == ";" {
                    outside.push(name);
                    i += 2;
                } else {
                    let end = closing(tokens, i + 2);
                    parse(&format!("{key}::{name}"), file, &tokens[i + 3..end], found);
                    i = end;
                }
            }
            "use" if is_name(i + 1) || matches!(text(i + 1), "::" | "{") => {
                let mut at = i + 1;
                let line = tokens[i].line;
                use_tree(
                    tokens,
                    &mut at,
                    &Named { segments: Vec::new(), leading: false, line },
                    &mut |name, of| {
                        module.uses.push(Use { name, of, public: public && depth == 0 });
                    },
                );
                public = false;
                i = at;
            }
            "macro_rules" if text(i + 1) == "!" => {
                module.items.insert(text(i + 2).to_owned(), public);
                i += 2;
            }
            "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static"
                if depth == 0 && is_name(i + 1) =>
            {
                let at = if text(i + 1) == "mut" { i + 2 } else { i + 1 };
                if !["fn", "unsafe", "extern", "async"].contains(&text(at)) {
                    module.items.insert(text(at).to_owned(), public);
                    public = false;
                    i = at;
                }
            }
            "extern" if text(i + 1) == "crate" => {
                let segments = vec![text(i + 2).to_owned()];
                module.paths.push(Named { segments, leading: true, line: tokens[i].line });
                i += 2;
            }
            "{" => (depth, public) = (depth + 1, false),
            "}" => (depth, public) = (depth.saturating_sub(1), false),
            ";" => public = false,
            _ if is_name(i) && text(i + 1) == "::" => {
                let before = |n: usize| i.checked_sub(n).map_or("", text);
                let behind_name = before(1) == "::"
                    && (before(2) == ">"
                        || i.checked_sub(2).is_some_and(is_name) && !is_in(KEYWORDS, before(2)));
                if before(1) != "." && !behind_name {
                    let mut segments = vec![text(i).to_owned()];
                    let (leading, line) = (before(1) == "::", tokens[i].line);
                    while text(i + 1) == "::" && is_name(i + 2) {
                        segments.push(text(i + 2).to_owned());
                        i += 2;
                    }
                    module.paths.push(Named { segments, leading, line });
                }
            }
            _ => {}
        }
        i += 1;
    }
    found[place] = (key.to_owned(), module, outside);
}

/// Reads one branch of a `use`; `at` ends on the sign behind it.
fn use_tree(tokens: &[Token], at: &mut usize, before: &Named, take: &mut impl FnMut(String, Named)) {
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let mut path = before.clone();
    loop {
        match text(*at) {
            "::" => {
                path.leading |= path.segments.is_empty();
                *at += 1;
            }
            "{" => {
                *at += 1;
                while !matches!(text(*at), "}" | "") {
                    use_tree(tokens, at, &path, take);
                    if text(*at) == "," {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            "*" => {
                *at += 1;
                take("*".to_owned(), path);
                return;
            }
            "," | "}" | ";" | "" => break,
            "as" => {
                let name = text(*at + 1).to_owned();
                *at += 2;
                take(name, path);
                return;
            }
            "self" if !path.segments.is_empty() => *at += 1,
            name => {
                path.line = tokens[*at].line;
                path.segments.push(name.to_owned());
                *at += 1;
            }
        }
    }
    let name = path.segments.last().cloned().unwrap_or_default();
    take(name, path);
}
