using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Veza.Architecture.Tests;

/// <summary>
/// Checks the built assemblies against docs/architecture.md: a room uses only the rooms and packages listed there.
/// </summary>
public sealed class RoomsTests
{
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["EventStore"] = [],
        ["Domain"] = [],
        ["Media"] = [],
        ["Mail"] = [],
        ["Commands"] = ["Domain", "EventStore"],
        ["Projections"] = ["Domain", "EventStore"],
        ["Reactors"] = ["Domain", "EventStore", "Commands", "Projections", "Media", "Mail"],
        ["Realtime"] = ["Projections", "EventStore", "Domain"],
        ["Analytics"] = ["Projections", "EventStore", "Domain"],
        ["Api"] =
        [
            "EventStore",
            "Domain",
            "Commands",
            "Projections",
            "Reactors",
            "Realtime",
            "Media",
            "Mail",
            "Analytics",
        ],
        ["Cli"] = ["Api", "EventStore", "Domain", "Projections", "Analytics"],
    };

    // Beside the runtime itself and Veza's own rooms.
    private static readonly Dictionary<string, string[]> MayUsePackages = new()
    {
        ["Domain"] = [],
        ["Media"] =
        [
            "Microsoft.Extensions.Logging.Abstractions",
            "System.IO.Hashing",
            "AWSSDK.Core",
            "AWSSDK.S3",
            "Concentus",
        ],
        ["Mail"] = ["MailKit", "MimeKit"],
        ["EventStore"] =
        [
            "Npgsql",
            "Microsoft.Extensions.Logging.Abstractions",
            "System.Threading.RateLimiting",
            "Marten",
            "JasperFx",
            "JasperFx.Events",
            "Weasel.Core",
            "Weasel.Postgresql",
            "Weasel.Storage",
        ],
        ["Commands"] =
        [
            "FluentValidation",
            "Wolverine",
            "JasperFx",
            "Microsoft.Extensions.DependencyInjection.Abstractions",
            "Microsoft.Extensions.Logging.Abstractions",
            "Microsoft.Extensions.ObjectPool",
        ],
        ["Reactors"] =
        [
            "Npgsql",
            "Wolverine",
            "Wolverine.RDBMS",
            "Wolverine.Postgresql",
            "JasperFx",
            "JasperFx.RuntimeCompiler",
            "Microsoft.Extensions.DependencyInjection.Abstractions",
            "Microsoft.Extensions.Hosting.Abstractions",
            "Microsoft.Extensions.Logging.Abstractions",
        ],
        ["Projections"] =
        [
            "Npgsql",
            "Dapper",
            "Microsoft.Extensions.Logging.Abstractions",
            "Marten",
            "JasperFx.Events",
        ],
    };

    private static readonly string[] CallOut =
    [
        "System.Net.Http.HttpClient",
        "System.Net.Http.HttpMessageInvoker",
        "System.Net.Http.SocketsHttpHandler",
        "System.Net.Http.IHttpClientFactory",
        "System.Net.WebClient",
        "System.Net.WebRequest",
        "System.Net.WebSockets.ClientWebSocket",
        "System.Net.Sockets.TcpClient",
        "System.Net.Sockets.UdpClient",
        "System.Net.Dns",
        "MailKit.Net.Smtp.SmtpClient",
        "MailKit.Net.Imap.ImapClient",
        "MailKit.Net.Pop3.Pop3Client",
        "Amazon.S3.AmazonS3Client",
    ];

    /// <summary>
    /// The types by which a room may open connections, and why each is safe. Mail: SMTP to SMTP_HOST, which the
    /// operator sets; no text of a person names a host, and certificates are not looked up elsewhere. Media: S3 to
    /// S3_ENDPOINT, which the operator sets too; the names of objects consist of ids.
    /// </summary>
    private static readonly Dictionary<string, string[]> MayCallOutBy = new()
    {
        // Vault, which the operator names, at the start: only in that one file.
        ["Api"] = ["System.Net.Http.HttpClient"],
        ["Mail"] = ["MailKit.Net.Smtp.SmtpClient"],
        ["Media"] = ["Amazon.S3.AmazonS3Client"],
    };

    private const string Socket = "System.Net.Sockets.Socket";

    private static readonly string[] BannedEndings =
    [
        "Manager",
        "Helper",
        "Helpers",
        "Utils",
        "Util",
        "Base",
        "Common",
        "Misc",
    ];

    public static TheoryData<string> Rooms => new(Built().Select(RoomOf));

    [Fact]
    public void Every_built_room_stands_in_the_plan()
    {
        Assert.NotEmpty(Built());
        Assert.All(Built(), path => Assert.Contains(RoomOf(path), MayUse.Keys));
    }

    [Theory, MemberData(nameof(Rooms))]
    public void A_room_uses_only_the_rooms_it_may(string room)
    {
        var used = References(room)
            .Where(name => name.StartsWith("Veza.", StringComparison.Ordinal))
            .Select(name => name["Veza.".Length..]);

        Assert.Empty(used.Except(MayUse[room]));
    }

    [Theory, MemberData(nameof(Rooms))]
    public void A_room_uses_only_the_packages_it_may(string room)
    {
        if (!MayUsePackages.TryGetValue(room, out var packages))
            return;

        var used = References(room)
            .Where(name => !name.StartsWith("Veza.", StringComparison.Ordinal) && !IsRuntime(name));

        Assert.Empty(used.Except(packages));
    }

    [Theory, MemberData(nameof(Rooms))]
    public void No_type_has_a_name_that_says_nothing(string room)
    {
        using var file = Open(room);
        var reader = file.GetMetadataReader();

        var names = reader.TypeDefinitions.Select(handle =>
            reader.GetString(reader.GetTypeDefinition(handle).Name).Split('`')[0]
        );

        Assert.DoesNotContain(names, name =>
            name[0] != '<' && BannedEndings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal))
        );
    }

    [Fact]
    public void In_the_host_only_the_settings_call_out()
    {
        var files = Checkout
            .Files.Where(path =>
                path.StartsWith("src/Api/", StringComparison.Ordinal) && path.EndsWith(".cs", StringComparison.Ordinal)
            )
            .Where(path =>
                File.ReadAllText(Path.Combine(Checkout.Root, path)).Contains(" HttpClient", StringComparison.Ordinal)
            );
        Assert.Equal(["src/Api/Configuration/VaultSecrets.cs"], files);
    }

    /// <summary>
    /// The product fetches no link in a message, a name or a title, not even from the private network. A change that
    /// does, such as previews of links, must prove that it is safe and list its room here.
    /// </summary>
    [Theory, MemberData(nameof(Rooms))]
    public void Nothing_that_runs_on_a_server_calls_out(string room)
    {
        // The operator's program calls the server that its arguments name.
        if (room == "Cli")
            return;
        using var file = Open(room);
        var reader = file.GetMetadataReader();
        Assert.Empty(
            reader
                .TypeReferences.Select(type => NameOf(reader, type))
                .Intersect(CallOut)
                .Except(MayCallOutBy.GetValueOrDefault(room, []))
        );

        // Writing to the socket of an accepted connection is allowed. Creating or connecting one opens a connection.
        var done = reader
            .MemberReferences.Select(reader.GetMemberReference)
            .Where(member =>
                member.Parent.Kind == HandleKind.TypeReference
                && NameOf(reader, (TypeReferenceHandle)member.Parent) == Socket
            )
            .Select(member => reader.GetString(member.Name));
        Assert.Empty(done.Except(["Send", "SendAsync", "set_Blocking"]));
    }

    private static string NameOf(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        return $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}";
    }

    private static string[] Built() =>
        Directory
            .GetFiles(AppContext.BaseDirectory, "Veza.*.dll")
            .Where(path => !path.EndsWith(".Tests.dll", StringComparison.Ordinal))
            .ToArray();

    private static string RoomOf(string path) => Path.GetFileNameWithoutExtension(path)["Veza.".Length..];

    private static PEReader Open(string room) =>
        new(File.OpenRead(Path.Combine(AppContext.BaseDirectory, $"Veza.{room}.dll")));

    private static List<string> References(string room)
    {
        using var file = Open(room);
        var reader = file.GetMetadataReader();
        return
        [
            .. reader.AssemblyReferences.Select(handle => reader.GetString(reader.GetAssemblyReference(handle).Name)),
        ];
    }

    /// <remarks>
    /// Microsoft.NETCore.App is System.* and a few more; System.CommandLine and the like are packages.
    /// </remarks>
    private static bool IsRuntime(string name) =>
        File.Exists(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, name + ".dll"));
}
