# One environment of Veza, from its network to its public name.
terraform {
  required_version = ">= 1.10"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

variable "name" {
  description = "Of the cluster, and the beginning of all other names."
  type        = string
}

variable "region" {
  description = "The region whose first three zones are used."
  type        = string
}

variable "cidr" {
  description = "Addresses of the network; no other environment has them."
  type        = string
}

variable "nodes" {
  description = "Per group of nodes: type, and the fewest and most of them."
  type = map(object({
    instance_type = string
    min           = number
    max           = number
  }))
}

variable "backups_kept_days" {
  description = "How long PostgreSQL's backups stay."
  type        = number
}

variable "host" {
  description = "Public name."
  type        = string
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
}

module "network" {
  source = "../network"
  name   = var.name
  cidr   = var.cidr
  zones  = [for zone in ["a", "b", "c"] : "${var.region}${zone}"]
}

module "kubernetes" {
  source             = "../kubernetes"
  name               = var.name
  kubernetes_version = "1.34"
  subnet_ids         = module.network.private_subnet_ids
  api_networks       = var.api_networks
  deployer_role_arn  = var.deployer_role_arn
  nodes              = var.nodes
}

module "database" {
  source       = "../database"
  name         = var.name
  cluster_name = module.kubernetes.cluster_name
  kept_days    = var.backups_kept_days
}

module "storage" {
  source = "../storage"
  name   = var.name
}

module "dns" {
  count              = var.load_balancer == null ? 0 : 1
  source             = "../dns"
  zone               = "veza.example"
  host               = var.host
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
