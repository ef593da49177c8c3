# Secrets are SSM SecureStrings that are written outside Terraform, so that no value is ever in a plan, in state or in an environment
# variable. Here are only their names; README.md says how to write one, and how to replace one while both are valid.

locals {
  secret_names = { for name, _ in local.secrets : name => "${local.parameter_prefix}${name}" }
  secret_arns  = { for name, parameter in local.secret_names : name => "arn:aws:ssm:${local.regional_arn}:parameter${parameter}" }
}
