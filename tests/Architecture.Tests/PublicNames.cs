using System.Collections;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.SignalR;
using Veza.Api.Auth;
using Veza.Api.Configuration;
using Veza.Commands.Dispatching;
using Veza.Projections.Topics;
using Veza.Realtime;
using Veza.Realtime.Engine;

namespace Veza.Architecture.Tests;

/// <summary>Names that clients, operators and dashboards use.</summary>
internal static partial class PublicNames
{
    public static IEnumerable<string> All() =>
        [
            .. Settings(),
            .. Problems(),
            .. Metrics(),
            .. Telemetry(),
            .. Commands(),
            .. Hub(),
            .. Messages(),
            .. Streamed(),
            .. Topics(),
            .. Scope.Grantable.Select(scope => $"scope {scope}"),
        ];

    private static IEnumerable<string> Settings() =>
        Variables.All
        // A default of several words is a description, not a value.
        .Select(v => v.Default.Contains(' ') ? $"setting {v.Name}" : $"setting {v.Name} {v.Default}".TrimEnd());

    /// <summary>Other tests hold the page equal to the source, and the next one to a server.</summary>
    private static IEnumerable<string> Problems() =>
        Rows("docs/reference/problems.md")
            .SelectMany(cells => Quoted().Matches(cells[0]).Select(m => $"problem {m.Groups[1].Value} {cells[1]}"));

    private static IEnumerable<string> Metrics() =>
        Rows("docs/reference/metrics.md")
            .Where(cells => cells.Length == 4)
            .Select(cells => $"metric {cells[0]} {cells[1]} {cells[2]}".Replace("`", "", StringComparison.Ordinal));

    private static IEnumerable<string> Telemetry()
    {
        var every = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        foreach (var field in Types().Where(t => !t.ContainsGenericParameters).SelectMany(t => t.GetFields(every)))
        {
            if (field.FieldType == typeof(Meter))
                yield return $"meter {((Meter)field.GetValue(null)!).Name}";
            if (field.FieldType == typeof(ActivitySource))
                yield return $"traces {((ActivitySource)field.GetValue(null)!).Name}";
        }
    }

    /// <summary>A command's name is a label of its metrics and the name of its trace.</summary>
    private static IEnumerable<string> Commands() =>
        typeof(CommandBus)
            .Assembly.GetTypes()
            .Where(type => type.Assembly.GetType($"{type.FullName}Handler") is not null)
            .Select(type => $"command {type.Name}");

    private static IEnumerable<string> Hub() =>
        typeof(LiveHub)
            .GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(method => method.GetBaseDefinition().DeclaringType == typeof(LiveHub))
            .Select(method => $"hub {LiveHub.Path} {NameOf(method)}({string.Join(", ", Arguments(method))})");

    private static string NameOf(MethodInfo method) =>
        method.GetCustomAttribute<HubMethodNameAttribute>()?.Name ?? method.Name;

    private static IEnumerable<string> Arguments(MethodInfo method) =>
        method.GetParameters().Where(p => p.ParameterType != typeof(CancellationToken)).Select(p => p.Name!);

    private static IEnumerable<string> Messages()
    {
        foreach (var type in Types().Where(t => t is { IsAbstract: false } && t.IsSubclassOf(typeof(LiveMessage))))
        {
            var message = (LiveMessage)Made(type);
            using var json = JsonDocument.Parse(JsonSerializer.Serialize(message, WithMessages));
            var properties = string.Join(", ", json.RootElement.EnumerateObject().Select(p => p.Name));
            yield return $"hub-message {message.Kind} {properties}";
        }
    }

    /// <summary>The other messages of the hub's streams.</summary>
    private static IEnumerable<string> Streamed() =>
        typeof(LiveHub)
            .GetMethods()
            .Select(method => method.ReturnType)
            .Where(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>))
            .Select(type => type.GetGenericArguments()[0])
            .Where(type => type != typeof(LiveMessage))
            .Distinct()
            .SelectMany(type => StoredNames.Properties(type))
            .Select(property => $"hub-property {property}");

    private static readonly JsonSerializerOptions WithMessages = new() { Converters = { new LiveMessageConverter() } };

    private static object Made(Type type)
    {
        var make = type.GetConstructors().Single();
        return make.Invoke([.. make.GetParameters().Select(p => Default(p.ParameterType))]);
    }

    private static object? Default(Type type)
    {
        if (type == typeof(string))
            return "";
        if (type == typeof(byte[]))
            return "{}"u8.ToArray();
        if (type.IsAssignableTo(typeof(IEnumerable)))
            return Array.CreateInstance(type.GetGenericArguments()[0], 0);
        return type.IsValueType ? Activator.CreateInstance(type) : null;
    }

    private static IEnumerable<string> Topics() =>
        Enum.GetValues<TopicKind>()
            .Select(kind => $"topic {new Topic(kind, Guid.Empty).KindName} {kind <= TopicKind.Log}");

    private static IEnumerable<Type> Types() =>
        Directory
            .GetFiles(AppContext.BaseDirectory, "Veza.*.dll")
            .Where(path => !path.EndsWith(".Tests.dll", StringComparison.Ordinal))
            .SelectMany(path => Assembly.LoadFrom(path).GetTypes());

    private static IEnumerable<string[]> Rows(string page) =>
        File.ReadAllLines(Path.Combine(Checkout.Root, page))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1]);

    [GeneratedRegex("`([a-z_]+)`")]
    private static partial Regex Quoted();
}
