using System.Xml.Linq;

namespace LogBroker.Tidy.Tests;

/// <summary>Who may name whom. A new edge is a decision: change broker/ARCHITECTURE.md together with this table.</summary>
public sealed class LayeringTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["LogBroker.Protocol"] = [],
        ["LogBroker.Rpc"] = [],
        ["LogBroker.Rpc.Server"] = ["LogBroker.Rpc"],
        ["LogBroker.RocksDb"] = [],
        ["LogBroker.Storage"] = ["LogBroker.Protocol", "LogBroker.RocksDb"],
        ["LogBroker.Raft"] = ["LogBroker.Protocol"],
        ["LogBroker.Cluster"] = ["LogBroker.Storage", "LogBroker.Raft", "LogBroker.Protocol"],
        ["LogBroker.Server"] =
        [
            "LogBroker.Cluster", "LogBroker.Raft", "LogBroker.Storage", "LogBroker.RocksDb",
            "LogBroker.Protocol", "LogBroker.Rpc", "LogBroker.Rpc.Server",
        ],
        ["LogBroker.Client"] = ["LogBroker.Protocol", "LogBroker.Rpc"],
        // The broker in process, for tests of programs that use it: the one place in client/ that knows broker/.
        ["LogBroker.Testing"] =
        [
            "LogBroker.Server", "LogBroker.Cluster", "LogBroker.Storage", "LogBroker.Client", "LogBroker.Protocol",
        ],
        ["LogBroker.Client.Extensions"] = ["LogBroker.Client"],
        ["LogBroker.Cli"] = ["LogBroker.Client", "LogBroker.Storage", "LogBroker.Protocol"],
    };

    /// <summary>Packages of the layers that carry promises: pure, portable, or without ASP.NET.</summary>
    private static readonly Dictionary<string, string[]> AllowedPackages = new()
    {
        ["LogBroker.Protocol"] = ["Google.Protobuf", "Google.Api.CommonProtos", "Grpc.Tools"],
        ["LogBroker.Rpc"] = ["Google.Protobuf", "Google.Api.CommonProtos", "Microsoft.Extensions.Logging.Abstractions"],
        ["LogBroker.RocksDb"] = [],
        ["LogBroker.Raft"] = [],
        ["LogBroker.Storage"] = ["Microsoft.Extensions.Logging.Abstractions"],
        ["LogBroker.Cluster"] = ["Microsoft.Extensions.Logging.Abstractions", "Google.Protobuf"],
        ["LogBroker.Client"] = ["Google.Protobuf", "Microsoft.Extensions.Logging.Abstractions"],
        ["LogBroker.Client.Extensions"] =
        [
            "Microsoft.Extensions.Configuration.Abstractions", "Microsoft.Extensions.DependencyInjection.Abstractions",
            "Microsoft.Extensions.Diagnostics.HealthChecks", "Microsoft.Extensions.Options",
        ],
    };

    public static TheoryData<string> ShippedProjects => [.. Allowed.Keys];

    [Fact]
    public void Every_shipped_project_is_in_the_table()
    {
        string[] shipped = [.. Projects().Select(p => Path.GetFileNameWithoutExtension(p)).Order()];
        Assert.Equal([.. Allowed.Keys.Order()], shipped);
    }

    [Theory]
    [MemberData(nameof(ShippedProjects))]
    public void References_only_what_its_layer_may(string project)
    {
        XDocument file = Load(project);
        IEnumerable<string> references = file.Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension((string)r.Attribute("Include")!));
        Findings.None(references.Except(Allowed[project]));
    }

    [Theory]
    [MemberData(nameof(ShippedProjects))]
    public void Takes_only_the_packages_of_its_layer(string project)
    {
        if (!AllowedPackages.TryGetValue(project, out string[]? packages))
        {
            return;
        }

        XDocument file = Load(project);
        Findings.None(file.Descendants("PackageReference").Select(r => (string)r.Attribute("Include")!).Except(packages));
        Assert.Empty(file.Descendants("FrameworkReference"));
    }

    [Fact]
    public void Tests_and_benches_are_never_referenced_by_shipped_projects()
    {
        foreach (string project in Projects())
        {
            Assert.DoesNotContain(
                XDocument.Parse(Repository.Read(project)).Descendants("ProjectReference"),
                r => ((string)r.Attribute("Include")!).Contains("/tests/") || ((string)r.Attribute("Include")!).Contains("/bench/"));
        }
    }

    [Fact]
    public void Raft_has_no_lock_and_no_async()
    {
        foreach (string path in Repository.SourceFiles.Where(f => f.StartsWith("broker/LogBroker.Raft/", StringComparison.Ordinal)))
        {
            string text = Repository.Read(path);
            Assert.False(text.Contains("lock (") || text.Contains("async ") || text.Contains("await "), path + " is not a pure machine");
        }
    }

    [Fact]
    public void Group_machine_is_pure()
    {
        string[] impure =
        [
            "lock (", "async ", "await ", "DateTime", "TimeProvider", "Stopwatch", "ILogger", "Random", "Environment.", "Guid.NewGuid",
            "System.Threading", "System.IO",
        ];
        const string Room = "broker/LogBroker.Cluster/Groups/";
        foreach (string path in Repository.SourceFiles.Where(f => f.StartsWith(Room, StringComparison.Ordinal)))
        {
            string text = Repository.Read(path);
            Findings.None(impure.Where(text.Contains).Select(word => $"{path}: {word} in a pure machine"));
        }
    }

    private static IEnumerable<string> Projects() => Repository.Files.Where(
        f => f.EndsWith(".csproj", StringComparison.Ordinal)
            && (f.StartsWith("broker/", StringComparison.Ordinal) || f.StartsWith("client/", StringComparison.Ordinal)
                || f.StartsWith("protos/", StringComparison.Ordinal)));

    private static XDocument Load(string project) =>
        XDocument.Parse(Repository.Read(Projects().Single(p => Path.GetFileNameWithoutExtension(p) == project)));
}
