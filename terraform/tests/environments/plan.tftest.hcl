# Each environment file by itself: `terraform test -test-directory=tests/environments -var-file=environments/<name>.tfvars`.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  issuer   = "https://issuer.example.com"
  audience = "koban"
  manifest = {
    architecture = "arm64"
    functions = { for name, _ in jsondecode(file("wiring.json")).functions : name => {
      zip    = "${name}.zip"
      sha256 = base64sha256(name)
    } }
  }
}

run "the_environment_can_be_planned" {
  command = plan

  assert {
    condition     = var.environment == "ephemeral" || alltrue([for table in aws_dynamodb_table.this : table.deletion_protection_enabled])
    error_message = "The environment's tables can be deleted."
  }

  assert {
    condition     = var.environment == "ephemeral" || length(aws_cloudwatch_metric_alarm.errors) > 0
    error_message = "The environment has no alarms."
  }
}
