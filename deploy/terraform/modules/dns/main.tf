# The public name, which leads to the load balancer of ingress-nginx.
terraform {
  required_version = ">= 1.10"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

variable "zone" {
  description = "Hosted zone, such as veza.example."
  type        = string
}

variable "host" {
  description = "Public name, such as staging.veza.example."
  type        = string

  validation {
    condition     = var.host == lower(var.host) && !endswith(var.host, ".")
    error_message = "host must be in small letters, without a dot at its end."
  }
}

variable "load_balancer" {
  description = "Host name of the load balancer: kubectl -n ingress-nginx get service ingress-nginx-controller."
  type        = string
}

variable "load_balancer_zone" {
  description = "Hosted zone of the load balancer's own name."
  type        = string
}

data "aws_route53_zone" "this" {
  name = var.zone
}

resource "aws_route53_record" "this" {
  for_each = toset(["A", "AAAA"])
  zone_id  = data.aws_route53_zone.this.zone_id
  name     = var.host
  type     = each.key

  alias {
    name                   = var.load_balancer
    zone_id                = var.load_balancer_zone
    evaluate_target_health = true
  }
}
