# The environment's choices. Everything else comes from wiring.json.

variable "environment" {
  description = "Which environment this is. Every resource's name begins with koban-<environment>-."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["alpha", "staging", "beta", "production", "ephemeral"], var.environment)
    error_message = "The environment is alpha, staging, beta or production, or ephemeral for tests that destroy what they made."
  }
}

variable "region" {
  description = "The AWS region of everything."
  type        = string
  default     = "ap-northeast-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z]+-[0-9]$", var.region))
    error_message = "The region is a commercial AWS region, such as ap-northeast-1."
  }
}

variable "services" {
  description = "The services of this environment; those that they need come with them. Null is all of them."
  type        = set(string)
  default     = null

  validation {
    condition     = length([for name in coalesce(var.services, []) : name if !contains(keys(local.wiring.services), name)]) == 0
    error_message = "No such service: ${join(", ", [for name in coalesce(var.services, []) : name if !contains(keys(local.wiring.services), name)])}. The services are ${join(", ", keys(local.wiring.services))}."
  }

  validation {
    condition     = var.services == null ? true : length(var.services) > 0
    error_message = "No service is chosen. The services are ${join(", ", keys(local.wiring.services))}; without `services` all of them are deployed."
  }
}

variable "issuer" {
  description = "The OpenID issuer whose tokens callers bring, exactly as its tokens say in `iss`. API Gateway reads its discovery document when the authorizer is made."
  type        = string
  nullable    = false

  validation {
    condition     = var.environment == "ephemeral" || startswith(var.issuer, "https://")
    error_message = "The issuer must be an https URL: whoever can forge its answers can be anyone."
  }

  validation {
    # No address at all: it has too many ways to be written, and an issuer that people trust has a name.
    condition = var.environment == "ephemeral" || !can(regex(
      "^[a-z]+://([^/@]*@)?(localhost|[^/]*\\.localhost|\\[[^/]*|([^/:]*\\.)?(0x[0-9a-f]*|[0-9]+))\\.?(:[0-9]+)?(/|$)",
      lower(var.issuer),
    ))
    error_message = "The issuer must have a name that is not this machine's: on a loopback address is the development issuer, whose key anyone can make."
  }

  validation {
    condition     = can(regex("^https?://[^/?#\\s@]+(/[^?#\\s]*)?$", var.issuer))
    error_message = "The issuer is a URL with a host, and without user, query or fragment."
  }
}

variable "audience" {
  description = "The audience that tokens must be for: `aud`, or `client_id` where the issuer sends no `aud`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^\\S+$", var.audience))
    error_message = "The audience must not be empty or have spaces."
  }
}

variable "deletion_protection" {
  description = "Whether tables refuse to be deleted. False only in ephemeral."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = var.deletion_protection || var.environment == "ephemeral"
    error_message = "Only ephemeral goes without deletion protection: the tables are the money."
  }
}

variable "alarms" {
  description = "Whether there are alarms."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = var.alarms || var.environment != "production"
    error_message = "Production has alarms."
  }
}

variable "alarm_actions" {
  description = "ARNs that are told when an alarm rises and when it ends: SNS topics of whoever is on call."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_actions : startswith(arn, "arn:aws:")])
    error_message = "Alarm actions are ARNs."
  }
}

variable "log_retention_days" {
  description = "How many days logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, … days."
  }
}

variable "tracing" {
  description = "Whether functions send traces to X-Ray. It is paid by the trace; request ids and traceparent are logged without it."
  type        = bool
  default     = false
  nullable    = false
}

variable "shards" {
  description = "Into how many shards the slips of a newly announced race are spread: about one for each 2,500 slips expected."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.shards >= 1 && var.shards <= 1000 && floor(var.shards) == var.shards
    error_message = "A race has between 1 and 1,000 shards."
  }
}

variable "bank" {
  description = "The bank that top-ups are collected from. `none` takes no top-ups; `development` credits what nobody paid, for made-up people. A bank of yours is an adapter in functions/wallet/src/bank.rs, and its name here."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = contains(["none", "development"], var.bank)
    error_message = "The bank is none or development; an adapter of yours adds its name."
  }

  validation {
    condition     = var.bank != "development" || contains(["alpha", "staging", "ephemeral"], var.environment)
    error_message = "The development bank collects nothing: with it anyone makes money of nothing. Beta and production have real people."
  }
}

variable "staff_claim" {
  description = "The claim of a token that lists its bearer's groups, by which staff are known. Only those who may make somebody staff may set it: an attribute that people edit themselves makes all of them staff."
  type        = string
  default     = "cognito:groups"
  nullable    = false

  validation {
    condition     = length(var.staff_claim) > 0
    error_message = "A claim has a name."
  }
}

variable "shows_cost" {
  description = "Whether replies carry what they cost, in Server-Timing. Never in production."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.shows_cost || var.environment != "production"
    error_message = "Production does not show what its replies cost."
  }
}

variable "cors_origins" {
  description = "The origins whose pages may call the API. Tokens are sent by script, never as cookies, so any may unless listed."
  type        = list(string)
  default     = ["*"]
  nullable    = false

  validation {
    condition     = length(var.cors_origins) > 0 && alltrue([for origin in var.cors_origins : origin == "*" || can(regex("^https?://[^/]+$", origin))])
    error_message = "Origins are * or like https://app.example.com, without a path."
  }
}

variable "manifest_path" {
  description = "The manifest that `koban package` wrote: the architecture, and each function's zip with its hash."
  type        = string
  default     = "../target/lambda/manifest.json"
  nullable    = false
}

variable "zip_dir" {
  description = "Where the zips are that the manifest names."
  type        = string
  default     = "../target/lambda"
  nullable    = false
}

variable "manifest" {
  description = "The manifest itself, instead of the file at manifest_path. For tests, which have no zips."
  type = object({
    architecture = string
    functions    = map(object({ zip = string, sha256 = string }))
  })
  default = null
}

variable "wiring" {
  description = "The wiring itself, as JSON, instead of wiring.json. For tests, which spoil it."
  type        = string
  default     = null
}

variable "endpoint_url" {
  description = "Where the AWS API is, when it is an emulator's. Null on AWS."
  type        = string
  default     = null

  validation {
    condition     = var.endpoint_url == null || var.environment == "ephemeral"
    error_message = "Only ephemeral may be made in an emulator."
  }

  validation {
    condition     = var.endpoint_url == null || can(regex("^https?://[^/]+$", var.endpoint_url))
    error_message = "The endpoint is a scheme, a host and a port."
  }
}
