fn main() -> std::process::ExitCode {
    platform::run(&wallet::create_topup::FUNCTION)
}
