use bulla::cookie::Token;

fn log(token: &Token) {
    println!("{token:?}");
}

fn main() {}
