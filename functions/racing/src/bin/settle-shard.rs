fn main() -> std::process::ExitCode {
    platform::run(&racing::settle_shard::FUNCTION)
}
