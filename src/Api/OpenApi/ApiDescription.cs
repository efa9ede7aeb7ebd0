using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.Projections.AsOf;

namespace Veza.Api.OpenApi;

/// <summary>
/// Completes the OpenAPI document: authentication, common headers of writes and reads, problems, examples.
/// </summary>
public static class ApiDescription
{
    private const string Bearer = "bearer";

    public static void AddApiDescription(this IServiceCollection services) => services.AddOpenApi("v1", options =>
        {
            options.AddDocumentTransformer(
                (document, _, _) =>
                {
                    document.Info = new()
                    {
                        Title = "Veza",
                        Version = "v1",
                        Description = """
                            Community chat and music on one event log. Every write answers with its `id`, `version`
                            and `position`, and the header `Veza-Position`. A read waits automatically for your own
                            last write (between nodes by the cookie `veza_after`), or for the position in
                            `Veza-After`. The counts in an answer hold exactly the events up to its `Veza-Position`,
                            and everything up to `Veza-Complete` is in it. Every write takes `Idempotency-Key`. Pages
                            are
                            `{items, next}`; GET `next` for the following page. Problems are RFC 9457 with `type`
                            `/problems/{code}`.
                            """,
                    };
                    document.Components ??= new();
                    document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
                    document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme
                    {
                        Type = SecuritySchemeType.Http,
                        Scheme = "bearer",
                        BearerFormat = "JWT",
                    };
                    return Task.CompletedTask;
                }
            );
            options.AddOperationTransformer(Describe);
            options.AddSchemaTransformer(
                (schema, context, _) =>
                {
                    if (Examples.For(context.JsonTypeInfo.Type) is { } example)
                        schema.Examples = [example];
                    // Its converter says nothing of its form.
                    if (context.JsonTypeInfo.Type == typeof(Permission))
                        (schema.Type, schema.Pattern) = (JsonSchemaType.String, "^[0-9]{1,19}$");
                    return Task.CompletedTask;
                }
            );
        });

    private static Task Describe(
        OpenApiOperation operation,
        OpenApiOperationTransformerContext context,
        CancellationToken ct
    )
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Responses ??= [];
        operation.Parameters ??= [];
        if (!metadata.OfType<IAllowAnonymous>().Any())
        {
            operation.Security = [new() { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] }];
            operation.Responses.TryAdd("401", new OpenApiResponse { Description = "No valid access token." });
        }
        if (context.Description.HttpMethod is "GET" or "HEAD")
        {
            if (metadata.OfType<AsOf.Askable>().Any())
                operation.Parameters.Add(AsOfParameter());
            if (metadata.OfType<AcceptsMediaToken>().Any())
                operation.Parameters.Add(MediaTokenParameter());
            operation.Parameters.Add(
                Header(
                    "Veza-After",
                    "Wait, at most 5 s, until the read models have reached this position; the default is your own last "
                        + "write. 0 does not wait.",
                    "48211"
                )
            );
        }
        else
        {
            operation.Parameters.Add(
                Header(
                    "Idempotency-Key",
                    "Any text of 1 to 200 characters. The same request with the same key is carried out only once.",
                    "3f0c8a6e-send-hello"
                )
            );
            operation.Parameters.Add(
                Header("If-Match", "The version you last saw: 412 when it has changed since.", "\"3\"")
            );
        }
        // A write answers with the id of the thing it changed, and the position in the log.
        if (context.Description.HttpMethod is not ("GET" or "HEAD"))
            foreach (var (status, answer) in operation.Responses)
                if (status is "200" or "201" && answer is OpenApiResponse { Content: null or { Count: 0 } } written)
                    written.Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = Written() };
        operation.Responses.TryAdd(
            "default",
            new OpenApiResponse
            {
                Description = "A problem (RFC 9457).",
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/problem+json"] = new()
                    {
                        Example = JsonNode.Parse(
                            """
                            {
                              "type": "/problems/slow_mode",
                              "title": "Slow mode",
                              "status": 429,
                              "detail": "slow mode: wait 12 s before the next message here",
                              "traceId": "4bf92f3577b34da6a3ce929d0e0e4736"
                            }
                            """
                        ),
                    },
                },
            }
        );
        return Task.CompletedTask;
    }

    private static OpenApiMediaType Written() =>
        new()
        {
            Schema = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Properties = new Dictionary<string, IOpenApiSchema>
                {
                    ["id"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "uuid" },
                    ["version"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64" },
                    ["position"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64" },
                },
            },
            Example = JsonNode.Parse("""{"id":"01a1fb62-ef1c-7ba4-81bf-25dca9fd0a7f","version":1,"position":48211}"""),
        };

    private static OpenApiParameter AsOfParameter() =>
        new()
        {
            Name = AsOf.Parameter,
            In = ParameterLocation.Query,
            Example = JsonValue.Create("48211"),
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            Description = $"""
                Answer as of this position of the log, or as of this time (ISO 8601; UTC by default). The header
                `Veza-Position` holds the position. Permissions are those of now. 400 `position_ahead` or
                `position_invalid`; 422 `past_too_long` when the answer needs more than {PointInTime.EventsMax:N0}
                events.
                """,
        };

    private static OpenApiParameter MediaTokenParameter() =>
        new()
        {
            Name = MediaTokens.Parameter,
            In = ParameterLocation.Query,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            Description = "A media token, in place of the header Authorization.",
        };

    private static OpenApiParameter Header(string name, string description, string example) =>
        new()
        {
            Name = name,
            In = ParameterLocation.Header,
            Description = description,
            Example = JsonValue.Create(example),
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        };
}
