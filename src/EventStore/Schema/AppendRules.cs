using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Veza.EventStore.Events;
using Veza.EventStore.Verification;

namespace Veza.EventStore.Schema;

/// <summary>
/// Writes the rules by which the database accepts events from Marten sessions. For each event type they list the
/// properties, those that must be encrypted, and why only a command may append it. Every node writes them when it
/// starts; <c>log.mt_quick_append_events</c> reads them.
/// </summary>
internal static class AppendRules
{
    // Releases that run side by side may have different properties. A property of one of them is no misspelling.
    private const string Sql = """
        insert into log.event_types as t (alias, properties, personal, owners, refusal)
        select x.alias, array(select jsonb_array_elements_text(x.properties)),
               array(select jsonb_array_elements_text(x.personal)),
               array(select jsonb_array_elements_text(x.owners)), x.refusal
        from jsonb_to_recordset($1) x(alias text, properties jsonb, personal jsonb, owners jsonb, refusal text)
        on conflict (alias) do update set
            properties = array(select distinct p from unnest(t.properties || excluded.properties) p order by p),
            personal = excluded.personal, owners = excluded.owners, refusal = excluded.refusal
        where not excluded.properties <@ t.properties
              or (t.personal, t.owners, t.refusal)
                  is distinct from (excluded.personal, excluded.owners, excluded.refusal)
        """;

    public static async Task WriteAsync(
        NpgsqlDataSource database,
        EventTypes types,
        IReadOnlyList<NameRule> names,
        CancellationToken ct
    )
    {
        var rules = types.All.SelectMany(type => Of(type, types, names)).OrderBy(r => r.Alias, StringComparer.Ordinal);
        await using var command = database.CreateCommand(Sql);
        command.Parameters.Add(
            new()
            {
                Value = JsonSerializer.Serialize(rules, JsonSerializerOptions.Web),
                NpgsqlDbType = NpgsqlDbType.Jsonb,
            }
        );
        await command.ExecuteNonQueryAsync(ct);
    }

    private static IEnumerable<Rule> Of(Type type, EventTypes types, IReadOnlyList<NameRule> names)
    {
        var description = types.Describe(type);
        var properties = types.JsonProperties(type);
        var personal = types
            .PersonalOf(type)
            ?.Names.Select(n => (Text: types.JsonName(n.Text), Owner: types.JsonName(n.Owner)))
            .ToArray()
            ?? [];
        foreach (var alias in description.Aliases)
            yield return new(
                alias,
                properties,
                [.. personal.Select(p => p.Text)],
                [.. personal.Select(p => p.Owner)],
                Refusal(alias)
            );

        string? Refusal(string alias)
        {
            if (alias != description.Alias)
                return $"it is of an earlier schema version; {description.Alias} is written now";
            if (types.ErasedAccountOf(alias) is not null)
                return "it destroys the key of an account, which a command does in the same transaction";
            var name = names.FirstOrDefault(n => n.EventTypes.Contains(alias) || n.ReleasedBy == alias);
            return name is null
                ? null
                : $"it changes who holds a name of the scope {name.Scope}, "
                    + "which a command does in the same transaction";
        }
    }

    private sealed record Rule(string Alias, string[] Properties, string[] Personal, string[] Owners, string? Refusal);
}
