# docs/operations/terraform.md
terraform {
  required_version = ">= 1.10"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }

  # The bucket is made once, by hand. The lock is an object beside the state.
  backend "s3" {
    bucket       = "veza-terraform-state"
    key          = "staging/terraform.tfstate"
    region       = "eu-central-1"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = "eu-central-1"

  default_tags {
    tags = {
      environment = "staging"
      managed-by  = "terraform"
    }
  }
}

variable "api_networks" {
  description = "Networks that may reach the cluster's API."
  type        = list(string)
}

variable "deployer_role_arn" {
  description = "Role that CI assumes."
  type        = string
}

variable "load_balancer" {
  description = "Host name and hosted zone of ingress-nginx's load balancer; null until it runs."
  type = object({
    host = string
    zone = string
  })
  default = null
}

locals {
  name = "veza-staging"
}

module "network" {
  source = "../../modules/network"
  name   = local.name
  cidr   = "10.30.0.0/16"
  zones  = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
}

module "kubernetes" {
  source             = "../../modules/kubernetes"
  name               = local.name
  kubernetes_version = "1.34"
  subnet_ids         = module.network.private_subnet_ids
  api_networks       = var.api_networks
  deployer_role_arn  = var.deployer_role_arn
  nodes = {
    veza     = { instance_type = "m7i.large", min = 2, max = 4 }
    postgres = { instance_type = "m7i.large", min = 3, max = 4 }
  }
}

module "database" {
  source       = "../../modules/database"
  name         = local.name
  cluster_name = module.kubernetes.cluster_name
  kept_days    = 7
}

module "storage" {
  source = "../../modules/storage"
  name   = local.name
}

module "dns" {
  count              = var.load_balancer == null ? 0 : 1
  source             = "../../modules/dns"
  zone               = "veza.example"
  host               = "staging.veza.example"
  load_balancer      = var.load_balancer.host
  load_balancer_zone = var.load_balancer.zone
}

output "cluster_name" {
  description = "For `aws eks update-kubeconfig --name`."
  value       = module.kubernetes.cluster_name
}

output "media_user" {
  description = "The user whose access key goes into Vault."
  value       = module.storage.media_user
}
