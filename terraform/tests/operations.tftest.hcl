# What the koban command finds an environment by.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  environment = "alpha"
  issuer      = "https://issuer.example.com"
  audience    = "koban"
  # Every function of the wiring, as if it had been packaged.
  manifest = {
    architecture = "arm64"
    functions = { for name, _ in jsondecode(file("wiring.json")).functions : name => {
      zip    = "${name}.zip"
      sha256 = base64sha256(name)
    } }
  }
}

run "the_command_line_finds_the_environment" {
  command = plan

  assert {
    condition     = aws_ssm_parameter.api_url.name == "/koban-alpha/api_url"
    error_message = "The koban command looks for /koban-<environment>/api_url."
  }

  assert {
    condition     = aws_ssm_parameter.api_url.type == "String"
    error_message = "The API's URL is no secret."
  }

  assert {
    condition     = !contains(values(local.secret_names), aws_ssm_parameter.api_url.name)
    error_message = "A secret has the name of the API's URL."
  }
}
