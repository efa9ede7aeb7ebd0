namespace Veza.Api.Configuration;

/// <summary>ENVIRONMENT.</summary>
public enum RunEnvironment
{
    Development,
    Production,
}
