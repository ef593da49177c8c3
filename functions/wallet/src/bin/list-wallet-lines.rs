fn main() -> std::process::ExitCode {
    platform::run(&wallet::list_wallet_lines::FUNCTION)
}
