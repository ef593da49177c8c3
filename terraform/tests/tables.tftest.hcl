# Tables: encrypted, recoverable, protected; and their streams.

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

run "tables_are_encrypted_recoverable_and_protected" {
  command = plan

  assert {
    condition     = toset(keys(aws_dynamodb_table.this)) == toset(keys(local.wiring.tables))
    error_message = "A table of the wiring is missing, or one is not of it."
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : one(table.server_side_encryption).enabled])
    error_message = "A table is not encrypted."
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : one(table.point_in_time_recovery).enabled])
    error_message = "A table cannot be recovered to a point in time."
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : table.billing_mode == "PAY_PER_REQUEST" && one(table.ttl).enabled && one(table.ttl).attribute_name == "ttl"])
    error_message = "A table is not paid by request, or keeps refusals for ever."
  }

  assert {
    condition = alltrue([for name, table in aws_dynamodb_table.this :
      toset([for index in table.global_secondary_index : "${index.name} ${index.hash_key} ${index.range_key} ${index.projection_type}"])
      == toset([for index in local.wiring.tables[name].indexes : "${index.name} ${index.hash} ${index.range} KEYS_ONLY"])
    ])
    error_message = "A table's indexes are not its definition's, keys only."
  }
}

run "tables_of_alpha_cannot_be_deleted" {
  command = plan
  variables {
    environment = "alpha"
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : table.deletion_protection_enabled])
    error_message = "A table of alpha can be deleted."
  }
}

run "tables_of_staging_cannot_be_deleted" {
  command = plan
  variables {
    environment = "staging"
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : table.deletion_protection_enabled])
    error_message = "A table of staging can be deleted."
  }
}

run "tables_of_beta_cannot_be_deleted" {
  command = plan
  variables {
    environment = "beta"
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : table.deletion_protection_enabled])
    error_message = "A table of beta can be deleted."
  }
}

run "tables_of_production_cannot_be_deleted" {
  command = plan
  variables {
    environment = "production"
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : table.deletion_protection_enabled])
    error_message = "A table of production can be deleted."
  }
}

run "tables_of_ephemeral_can_be_deleted" {
  command = plan
  variables {
    environment         = "ephemeral"
    deletion_protection = false
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : !table.deletion_protection_enabled])
    error_message = "Tests could not clear away what they made."
  }
}

run "a_stream_loses_nothing_and_is_held_up_by_nothing" {
  command = plan

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : table.stream_enabled && table.stream_view_type == "NEW_IMAGE"])
    error_message = "A table has no stream of new images."
  }

  assert {
    condition     = toset(keys(aws_lambda_event_source_mapping.stream)) == toset([for name, function in local.functions : name if function.trigger.kind == "stream"])
    error_message = "A relay has no mapping."
  }

  assert {
    condition = alltrue([for name, mapping in aws_lambda_event_source_mapping.stream :
      mapping.starting_position == "TRIM_HORIZON"
      && mapping.batch_size == local.functions[name].trigger.batch
      && mapping.bisect_batch_on_function_error
      && mapping.maximum_retry_attempts == 5
      && mapping.function_response_types == toset(["ReportBatchItemFailures"])
      && length(one(mapping.filter_criteria).filter) == 1
      && length(one(mapping.destination_config).on_failure) == 1
    ])
    error_message = "A relay's mapping could lose a change or be held up by one."
  }
}
