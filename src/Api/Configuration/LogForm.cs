namespace Veza.Api.Configuration;

public enum LogForm
{
    Text,
    Json,
}
