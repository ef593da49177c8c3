# Inputs: what is refused before anything is planned.

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

run "an_https_issuer_is_accepted" {
  command = plan
}

run "an_http_issuer_is_refused" {
  command = plan
  variables {
    issuer = "http://issuer.example.com"
  }
  expect_failures = [var.issuer]
}

run "a_loopback_issuer_is_refused_localhost" {
  command = plan
  variables {
    issuer = "https://localhost:9000"
  }
  expect_failures = [var.issuer]
}

run "a_loopback_issuer_is_refused_localhost_by_name" {
  command = plan
  variables {
    issuer = "https://issuer.localhost/"
  }
  expect_failures = [var.issuer]
}

run "a_loopback_issuer_is_refused_ipv4" {
  command = plan
  variables {
    issuer = "https://127.0.0.1:9000/issuer"
  }
  expect_failures = [var.issuer]
}

run "a_loopback_issuer_is_refused_ipv6" {
  command = plan
  variables {
    issuer = "https://[::1]:9000"
  }
  expect_failures = [var.issuer]
}

run "a_loopback_issuer_is_refused_any_address" {
  command = plan
  variables {
    issuer = "https://0.0.0.0"
  }
  expect_failures = [var.issuer]
}

run "a_loopback_issuer_is_refused_ipv6_in_full" {
  command = plan
  variables {
    issuer = "https://[0:0:0:0:0:0:0:1]/"
  }
  expect_failures = [var.issuer]
}

run "a_loopback_issuer_is_refused_ipv4_in_ipv6" {
  command = plan
  variables {
    issuer = "https://[::ffff:7f00:1]"
  }
  expect_failures = [var.issuer]
}

run "a_loopback_issuer_is_refused_ipv4_as_one_number" {
  command = plan
  variables {
    issuer = "https://2130706433"
  }
  expect_failures = [var.issuer]
}

run "a_loopback_issuer_is_refused_ipv4_in_hexadecimal" {
  command = plan
  variables {
    issuer = "https://127.0x0.1:9000/issuer"
  }
  expect_failures = [var.issuer]
}

run "a_loopback_issuer_is_refused_capitals" {
  command = plan
  variables {
    issuer = "https://LocalHost"
  }
  expect_failures = [var.issuer]
}

run "a_loopback_issuer_is_refused_trailing_dot" {
  command = plan
  variables {
    issuer = "https://localhost./"
  }
  expect_failures = [var.issuer]
}

run "a_host_that_only_begins_like_loopback_is_accepted" {
  command = plan
  variables {
    issuer = "https://localhost.example.com/127.0.0.1"
  }
}

run "a_host_with_numbers_in_its_name_is_accepted" {
  command = plan
  variables {
    issuer = "https://127.0.0.1.example.com:8443/0x7f"
  }
}

run "an_ephemeral_environment_may_have_a_loopback_issuer" {
  command = plan
  variables {
    environment         = "ephemeral"
    issuer              = "http://127.0.0.1:9000"
    deletion_protection = false
    alarms              = false
    endpoint_url        = "http://127.0.0.1:4566"
  }
}

run "an_audience_of_nothing_is_refused" {
  command = plan
  variables {
    audience = ""
  }
  expect_failures = [var.audience]
}

run "an_unknown_environment_is_refused" {
  command = plan
  variables {
    environment = "prod"
  }
  expect_failures = [var.environment]
}

run "alpha_cannot_go_without_deletion_protection" {
  command = plan
  variables {
    environment         = "alpha"
    deletion_protection = false
  }
  expect_failures = [var.deletion_protection]
}

run "staging_cannot_go_without_deletion_protection" {
  command = plan
  variables {
    environment         = "staging"
    deletion_protection = false
  }
  expect_failures = [var.deletion_protection]
}

run "beta_cannot_go_without_deletion_protection" {
  command = plan
  variables {
    environment         = "beta"
    deletion_protection = false
  }
  expect_failures = [var.deletion_protection]
}

run "production_cannot_go_without_deletion_protection" {
  command = plan
  variables {
    environment         = "production"
    deletion_protection = false
  }
  expect_failures = [var.deletion_protection]
}

run "production_cannot_go_without_alarms" {
  command = plan
  variables {
    environment = "production"
    alarms      = false
  }
  expect_failures = [var.alarms]
}

run "production_does_not_show_what_replies_cost" {
  command = plan
  variables {
    environment = "production"
    shows_cost  = true
  }
  expect_failures = [var.shows_cost]
}

run "the_development_bank_is_accepted_for_made_up_people" {
  command = plan
  variables {
    bank = "development"
  }

  assert {
    condition     = aws_lambda_function.this["collect-topup"].environment[0].variables["KOBAN_BANK"] == "development"
    error_message = "The bank that was chosen does not reach its functions."
  }
}

run "the_development_bank_is_refused_in_production" {
  command = plan
  variables {
    environment = "production"
    bank        = "development"
  }
  expect_failures = [var.bank]
}

run "the_development_bank_is_refused_in_beta" {
  command = plan
  variables {
    environment = "beta"
    bank        = "development"
  }
  expect_failures = [var.bank]
}

run "a_bank_that_there_is_not_is_refused" {
  command = plan
  variables {
    bank = "developement"
  }
  expect_failures = [var.bank]
}

run "only_ephemeral_is_made_in_an_emulator" {
  command = plan
  variables {
    endpoint_url = "http://127.0.0.1:4566"
  }
  expect_failures = [var.endpoint_url]
}
