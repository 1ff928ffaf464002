struct Anybody;

impl bulla::Lock for Anybody {}

fn main() {}
