fn main() -> std::process::ExitCode {
    platform::run(&wallet::relay_wallet::FUNCTION)
}
