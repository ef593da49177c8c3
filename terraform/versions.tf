# The provider, and how it reaches AWS or, in the tests, an emulator.

terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # The one that is tested; README.md says why there is no lock file.
      version = "= 5.100.0"
    }
  }

  # State lives in S3; backend.tf.example says how. Without it, it is a local file: good for `ephemeral` only.
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Application = "koban"
      Environment = var.environment
      ManagedBy   = "terraform"
    }
  }

  # All of the below is inert on AWS, where endpoint_url is null.
  s3_use_path_style           = local.emulated
  skip_credentials_validation = local.emulated
  skip_metadata_api_check     = local.emulated
  skip_region_validation      = local.emulated

  dynamic "endpoints" {
    for_each = local.emulated ? [var.endpoint_url] : []

    content {
      apigatewayv2 = endpoints.value
      cloudwatch   = endpoints.value
      dynamodb     = endpoints.value
      iam          = endpoints.value
      lambda       = endpoints.value
      logs         = endpoints.value
      s3           = endpoints.value
      scheduler    = endpoints.value
      sns          = endpoints.value
      sqs          = endpoints.value
      ssm          = endpoints.value
      sts          = endpoints.value
    }
  }
}
