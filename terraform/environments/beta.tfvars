# Beta: for the first real people.
environment        = "beta"
log_retention_days = 90
shards             = 16
shows_cost         = true
# bank: none, until there is an adapter of yours; with none, POST /v1/topups answers 503.
# issuer and audience: by -var, TF_VAR_issuer and TF_VAR_audience, or here.
