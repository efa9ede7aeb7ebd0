namespace Veza.Api.Configuration;

/// <summary>LOG_FORMAT.</summary>
public enum LogForm
{
    Text,
    Json,
}
