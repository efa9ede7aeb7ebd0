namespace Veza.Api.Configuration;

public enum LogDetail
{
    Trace,
    Debug,
    Info,
    Warning,
    Error,
}
