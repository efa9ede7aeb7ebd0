namespace Veza.Api.Configuration;

/// <summary>LOG_LEVEL.</summary>
public enum LogDetail
{
    Trace,
    Debug,
    Info,
    Warning,
    Error,
}
