using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Starts that are refused: one line with place, key, value and remedy, a fitting exit code, nothing half-created.</summary>
public sealed class StartRefusalTests
{
    [Theory]
    [InlineData("--grpc")]
    [InlineData("--http")]
    public async Task Row50_a_port_that_is_in_use(string flag)
    {
        using var directory = new TestDirectory();
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        string address = taken.LocalEndPoint!.ToString()!;
        string other = flag == "--grpc" ? "--http" : "--grpc";
        var result = await ServerProcess.RunAsync([flag, address, other, "127.0.0.1:0", "--data-dir", directory.File("data")]);
        string line = OneLine(result, 1);
        Assert.Contains(flag, line, StringComparison.Ordinal);
        Assert.Contains(address, line, StringComparison.Ordinal);
        Assert.Contains("in use by another process", line, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory.File("data")));
    }

    [Fact]
    public async Task Row50_a_data_directory_that_cannot_be_made()
    {
        using var directory = new TestDirectory();
        File.WriteAllText(directory.File("file"), "x");
        var result = await RunAsync(directory.File("file/data"));
        Assert.Contains(directory.File("file"), OneLine(result, 78), StringComparison.Ordinal);
        // A read-only place, for root too: /proc takes no directories.
        Assert.Contains("/proc/logbroker", OneLine(await RunAsync("/proc/logbroker/data"), 78), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Row50_a_foreign_directory_is_left_as_it_is()
    {
        using var directory = new TestDirectory();
        File.WriteAllText(directory.File("letters.txt"), "mine");
        string line = OneLine(await RunAsync(directory.Path), 78);
        Assert.Contains(directory.Path, line, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(directory.File("letters.txt")));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(directory.Path), entry => entry.EndsWith("state", StringComparison.Ordinal)
            || entry.EndsWith("topics", StringComparison.Ordinal) || entry.EndsWith("meta.json", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Row51_a_newer_version_and_another_node()
    {
        using var directory = new TestDirectory();
        string data = directory.File("data");
        await using (var server = await ServerProcess.StartAsync(data))
            Assert.Equal(0, await server.StopAsync());
        string other = OneLine(await RunAsync(data, "--node:id", "7"), 78);
        Assert.Contains("7", other, StringComparison.Ordinal);
        Assert.Contains("1", other, StringComparison.Ordinal);

        string meta = Path.Combine(data, "meta.json");
        var json = JsonNode.Parse(File.ReadAllText(meta))!.AsObject();
        string version = json.First(member => member.Key.Contains("ersion", StringComparison.Ordinal)).Key;
        json[version] = 99;
        File.WriteAllText(meta, json.ToJsonString());
        string newer = OneLine(await RunAsync(data), 78);
        Assert.Contains("99", newer, StringComparison.Ordinal);
        Assert.Contains("1", newer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Row38_a_second_process_on_one_directory()
    {
        await using var first = await ServerProcess.StartAsync();
        string line = OneLine(await RunAsync(first.DataDirectory), 78);
        Assert.Contains("another process", line, StringComparison.Ordinal);
        Assert.Contains(first.DataDirectory, line, StringComparison.Ordinal);
        await using var client = new TestClient(first);
        await client.CreateTopicAsync("still-there");
        Assert.Equal(0, await first.StopAsync());
    }

    [Fact]
    public async Task Row38_the_copied_directory_of_another_node()
    {
        using var directory = new TestDirectory();
        string original = directory.File("first");
        string copy = directory.File("second");
        await using (var server = await ServerProcess.StartAsync(original))
            Assert.Equal(0, await server.StopAsync());
        Copy(original, copy);
        string meta = File.ReadAllText(Path.Combine(copy, "meta.json"));
        string line = OneLine(await RunAsync(copy, "--node:id", "2"), 78);
        Assert.Contains(copy, line, StringComparison.Ordinal);
        // Both ids, wherever else a digit may stand in the line.
        Assert.Matches(@"\bnode 1\b", line);
        Assert.Matches(@"\bnode 2\b", line);
        Assert.Equal(meta, File.ReadAllText(Path.Combine(copy, "meta.json")));
    }

    [Fact]
    public async Task Row50_bad_values_name_variable_key_value_and_remedy()
    {
        using var directory = new TestDirectory();
        var result = await ServerProcess.RunAsync(
            ["--data-dir", directory.File("data")], new() { ["LOGBROKER__Storage__SegmentBytes"] = "12" });
        string line = OneLine(result, 78);
        Assert.Contains("LOGBROKER__Storage__SegmentBytes", line, StringComparison.Ordinal);
        Assert.Contains("\"12\"", line, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory.File("data")));
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (string inner in Directory.GetDirectories(from))
        {
            Copy(inner, Path.Combine(to, Path.GetFileName(inner)));
        }
    }

    private static Task<ProgramResult> RunAsync(string data, params string[] more) =>
        ServerProcess.RunAsync(["--data-dir", data, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--logging:level", "None", .. more]);

    private static string OneLine(ProgramResult result, int code)
    {
        Assert.True(result.ExitCode == code, $"exit code {result.ExitCode}, not {code}: {result.Error}");
        Assert.Empty(result.Output);
        string line = Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("logbrokerd: ", line, StringComparison.Ordinal);
        return line;
    }
}
