use bulla::cookie::Token;

fn user(token: &Token) -> u64 {
    token.get().user
}

fn main() {}
