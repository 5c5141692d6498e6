using System.IO.Compression;
using System.Xml.Linq;

namespace LogBroker.EndToEnd.Tests.Packaging;

/// <summary>What a user of the packages meets, outside the repository.</summary>
[Collection(PackagesDefinition.Name)]
public sealed class PackageTests(PackagesFixture packages)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(4);

    [Theory]
    [InlineData("LogBroker.Protocol", "Google.Protobuf")]
    [InlineData("LogBroker.Rpc", "Google.Protobuf")]
    [InlineData("LogBroker.Client", "LogBroker.Protocol", "LogBroker.Rpc")]
    [InlineData("LogBroker.Client.Extensions", "LogBroker.Client", "Microsoft.Extensions.Options")]
    public void A_library_package_has_its_assembly_documentation_and_dependencies(string id, params string[] dependencies)
    {
        using var package = Open(id);
        Assert.Contains(package.Entries, entry => entry.FullName == $"lib/net10.0/{id}.dll");
        Assert.Contains(package.Entries, entry => entry.FullName == $"lib/net10.0/{id}.xml");
        Assert.Contains(package.Entries, entry => entry.FullName == "README.md");
        Assert.DoesNotContain(package.Entries, entry => entry.FullName.Contains(".so", StringComparison.Ordinal));

        var specification = Specification(package);
        Assert.Equal("Apache-2.0", Text(specification, "license"));
        Assert.NotEmpty(Text(specification, "description"));
        var named = specification.Descendants().Where(element => element.Name.LocalName == "dependency").ToDictionary(
            element => (string)element.Attribute("id")!, element => (string)element.Attribute("version")!);
        foreach (var dependency in dependencies)
            Assert.Contains(dependency, named);
        Assert.All(
            named.Where(pair => pair.Key.StartsWith("LogBroker.", StringComparison.Ordinal)),
            pair => Assert.Equal(packages.Version, pair.Value));
        Assert.DoesNotContain(named.Keys, name => name.StartsWith("Grpc.", StringComparison.Ordinal));
        Assert.DoesNotContain(named.Keys, name => name.Contains("AspNetCore", StringComparison.Ordinal));
    }

    [Fact]
    public void The_tool_package_is_portable()
    {
        using var package = Open("logbroker");
        Assert.DoesNotContain(package.Entries, entry => entry.FullName.Contains(".so", StringComparison.Ordinal));
        Assert.Contains(package.Entries, entry => entry.FullName.EndsWith("/logbroker.dll", StringComparison.Ordinal));
        Assert.Contains("DotnetTool", Specification(package).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_project_with_only_the_packages_produces_and_consumes()
    {
        await using var broker = await PublishedBroker.StartAsync(packages.Broker, Path.Combine(packages.Root, "data-sdk"));
        var directory = Directory.CreateDirectory(Path.Combine(packages.Root, "app")).FullName;
        File.Copy(Path.Combine(packages.Repository, "tests", "aot-smoke", "Program.cs"), Path.Combine(directory, "Program.cs"));
        await File.WriteAllTextAsync(
            Path.Combine(directory, "App.csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <RestorePackagesPath>{Path.Combine(packages.Root, "restored")}</RestorePackagesPath>
                <RestoreFallbackFolders>{PackageCache()}</RestoreFallbackFolders>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="LogBroker.Client" Version="{packages.Version}" />
              </ItemGroup>
            </Project>
            """);
        var built = await Command.RunAsync("dotnet", ["build", "-c", "Release", "-o", "out"], directory, Deadline);
        built.MustSucceed();
        Assert.Contains("0 Warning(s)", built.Output, StringComparison.Ordinal);

        var ran = await Command.RunAsync("dotnet", [Path.Combine("out", "App.dll"), broker.Server], directory, Deadline);
        ran.MustSucceed();
        Assert.Contains("PASS", ran.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("FAIL", ran.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tool_installs_and_talks_to_a_broker()
    {
        await using var broker = await PublishedBroker.StartAsync(packages.Broker, Path.Combine(packages.Root, "data-tool"));
        var tools = Path.Combine(packages.Root, "tools");
        (await Command.RunAsync(
            "dotnet",
            ["tool", "install", "logbroker", "--version", packages.Version, "--tool-path", tools],
            packages.Root,
            Deadline)).MustSucceed();

        Task<Command> Run(params string[] args) => Command.RunAsync(
            Path.Combine(tools, "logbroker"), args, packages.Root, Deadline, ("LOGBROKER_SERVERS", broker.Server));
        Assert.Contains("0.1.0", (await Run("version")).MustSucceed().Output, StringComparison.Ordinal);
        (await Run("topic", "create", "tool", "--partitions", "1")).MustSucceed();
        var input = Path.Combine(packages.Root, "input.txt");
        await File.WriteAllLinesAsync(input, ["one", "two", "three"]);
        (await Run("produce", "tool", input)).MustSucceed();
        var consumed = (await Run("consume", "tool", "--from", "start", "--until", "end", "-f", "%v")).MustSucceed();
        Assert.Equal(["one", "two", "three"], consumed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static string PackageCache()
    {
        var folder = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        return Directory.Exists(folder) ? folder : "";
    }

    private static string Text(XDocument specification, string name) =>
        specification.Descendants().Single(element => element.Name.LocalName == name).Value;

    private static XDocument Specification(ZipArchive package)
    {
        using var stream = package.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XDocument.Load(stream);
    }

    private ZipArchive Open(string id) => ZipFile.OpenRead(Path.Combine(packages.Feed, $"{id}.{packages.Version}.nupkg"));
}
