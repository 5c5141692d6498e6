using LogBroker.Cli;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>Where <c>dev up</c> looks for logbrokerd.</summary>
public sealed class ServerLocatorTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_is_said_comes_before_what_is_found()
    {
        string said = Program("said");
        string variable = Program("variable");
        string beside = Program("beside");
        string own = Path.GetDirectoryName(beside)!;
        Assert.Equal([said], ServerLocator.Find(said, name => variable, own));
        Assert.Equal([said], ServerLocator.Find(Path.GetDirectoryName(said), name => variable, own));
        Assert.Equal([variable], ServerLocator.Find(null, name => name == "LOGBROKERD" ? variable : null, own));
        Assert.Equal([beside], ServerLocator.Find(null, _ => null, own));
    }

    [Fact]
    public void The_path_comes_before_the_build_output_of_a_checkout()
    {
        string onPath = Program("bin");
        string built = Program("checkout/broker/LogBroker.Server/bin/Debug/net10.0");
        string own = Directory.CreateDirectory(_directory.File("checkout/client/LogBroker.Cli/bin/Debug/net10.0")).FullName;
        Assert.Equal([built], ServerLocator.Find(null, _ => null, own));
        string path = "/nowhere:" + Path.GetDirectoryName(onPath);
        Assert.Equal([onPath], ServerLocator.Find(null, name => name == "PATH" ? path : null, own));
        string release = Program("checkout/broker/LogBroker.Server/bin/Release/net10.0");
        Assert.Equal([release], ServerLocator.Find(null, _ => null, own));
    }

    [Fact]
    public void An_assembly_is_run_by_dotnet()
    {
        string assembly = Program("assembly", "logbrokerd.dll");
        string[] command = [.. ServerLocator.Find(Path.GetDirectoryName(assembly), _ => null, "/nowhere")];
        Assert.Equal("dotnet", Path.GetFileName(command[0]));
        Assert.Equal(assembly, command[1]);
    }

    [Fact]
    public void When_it_is_nowhere_all_places_are_named()
    {
        CliException failure = Assert.Throws<CliException>(() => ServerLocator.Find(null, _ => null, _directory.Path));
        Assert.Equal(3, (int)failure.Exit);
        Assert.All(
            [_directory.Path, "PATH", "broker/LogBroker.Server/bin"],
            place => Assert.Contains(place, failure.Message, StringComparison.Ordinal));
        Assert.All(["--server-path", "LOGBROKERD"], place => Assert.Contains(place, failure.Hint!, StringComparison.Ordinal));
        Assert.Equal(2, (int)Assert.Throws<CliException>(() => ServerLocator.Find("/nowhere", _ => null, _directory.Path)).Exit);
    }

    private string Program(string directory, string name = "logbrokerd")
    {
        string path = Path.Combine(Directory.CreateDirectory(_directory.File(directory)).FullName, name);
        File.WriteAllText(path, "");
        return path;
    }
}
