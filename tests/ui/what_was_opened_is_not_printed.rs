fn print(opened: bulla::smime::Opened, letter: bulla::smime::Entity) {
    println!("{opened}");
    println!("{letter}");
}

fn main() {}
