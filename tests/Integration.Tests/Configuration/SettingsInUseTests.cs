using System.Reflection;
using Veza.Api.Configuration;

namespace Veza.Integration.Tests.Configuration;

/// <summary>Some code reads each setting. One that none reads would be an empty promise.</summary>
public sealed class SettingsInUseTests
{
    private const BindingFlags Declared =
        BindingFlags.Public
        | BindingFlags.NonPublic
        | BindingFlags.Instance
        | BindingFlags.Static
        | BindingFlags.DeclaredOnly;

    private const byte Call = 0x28,
        CallVirtual = 0x6F,
        LoadStaticField = 0x7E;

    /// <summary>
    /// Accepted and ignored, as its description says: operators' files contain it, and it has no effect.
    /// </summary>
    private static readonly string[] Ignored = ["REDIS_URL"];

    [Fact]
    public void Every_variable_is_in_the_table_and_parsed_unless_it_is_not_supported_yet()
    {
        var fields = typeof(Variables).GetFields().Where(f => f.FieldType.IsAssignableTo(typeof(Variable))).ToList();
        Assert.Equal(
            Variables.All.Select(v => v.Name).Order(),
            fields.Select(f => ((Variable)f.GetValue(null)!).Name).Order()
        );

        var read = Operands(LoadStaticField, method => method.DeclaringType != typeof(Variables)).ToHashSet();
        Assert.Equal(
            Ignored,
            fields
                .Where(f => f.FieldType != typeof(UnsupportedVariable) && !read.Contains(f.MetadataToken))
                .Select(f => ((Variable)f.GetValue(null)!).Name)
        );
    }

    [Fact]
    public void Every_setting_is_read_by_code()
    {
        // The generated members of a record do not count as uses.
        var called = Operands(Call, Uses).Concat(Operands(CallVirtual, Uses)).ToHashSet();
        var settings = new[] { typeof(VezaSettings) }
            .Concat(
                typeof(VezaSettings)
                    .GetProperties()
                    .Select(p => p.PropertyType)
                    .Where(t => t.Assembly == typeof(VezaSettings).Assembly && t.IsClass)
            )
            .SelectMany(type => type.GetProperties(Declared & ~BindingFlags.NonPublic & ~BindingFlags.Static))
            .ToList();

        Assert.Contains(settings, p => p.Name == nameof(VezaSettings.MediaRoot));
        Assert.Equal(
            [],
            settings
                .Where(p => !called.Contains(p.GetMethod!.MetadataToken))
                .Select(p => $"{p.DeclaringType!.Name}.{p.Name}")
        );

        static bool Uses(MethodBase method) => method.Name is not ("PrintMembers" or "ToString" or "Deconstruct");
    }

    /// <summary>
    /// Every four bytes of the host's code, read as a metadata token; other bytes hardly form a valid one by chance.
    /// </summary>
    private static IEnumerable<int> Operands(byte instruction, Func<MethodBase, bool> of)
    {
        foreach (var type in typeof(VezaSettings).Assembly.GetTypes())
        {
            foreach (
                var method in type.GetMethods(Declared).Concat<MethodBase>(type.GetConstructors(Declared)).Where(of)
            )
            {
                if (method.GetMethodBody()?.GetILAsByteArray() is not { } code)
                    continue;
                for (var at = 0; at + sizeof(int) < code.Length; at++)
                    if (code[at] == instruction)
                        yield return BitConverter.ToInt32(code, at + 1);
            }
        }
    }
}
