namespace Veza.Api.Configuration;

public enum RunEnvironment
{
    Development,
    Production,
}
