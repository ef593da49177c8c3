fn main() -> std::process::ExitCode {
    platform::run(&wallet::collect_topup::FUNCTION)
}
