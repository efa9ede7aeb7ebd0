namespace Veza.Api.Http;

/// <summary>Marks an endpoint whose answer lasts as long as its client reads; a test lists them.</summary>
internal sealed record AnswersAtLength
{
    public static readonly AnswersAtLength Marker = new();
}

internal static class AnsweringAtLength
{
    public static RouteHandlerBuilder AnswersAtLength(this RouteHandlerBuilder endpoint, string contentType) =>
        endpoint.WithMetadata(Http.AnswersAtLength.Marker).Produces(StatusCodes.Status200OK, contentType: contentType);
}
