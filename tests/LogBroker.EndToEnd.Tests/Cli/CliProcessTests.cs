using System.Runtime.InteropServices;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>The real program: signals, pipes that break, and a data directory at rest.</summary>
public sealed partial class CliProcessTests(CliBroker broker) : IClassFixture<CliBroker>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("")]
    [InlineData(" --from-followers")]
    public async Task Ctrl_C_says_how_to_go_on(string whence)
    {
        string topic = await broker.NewTopic();
        (await broker.RunWith("a\nb\nc\n", "produce", topic)).MustSucceed();
        string[] options = whence.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await using ProgramRun follower = Start(["consume", topic, "--follow", .. options]);
        await follower.WaitForOutputAsync(line => line == "c", Deadline);
        Assert.Equal(0, Kill(follower.ProcessId, 2));
        Assert.Equal(130, await follower.WaitForExitAsync(Deadline));
        Assert.Equal(
            $"stopped after 3 records; go on with: logbroker consume {topic}{whence} --from 3", Assert.Single(follower.ErrorLines));
    }

    [Fact]
    public async Task Ctrl_C_of_a_producer_counts_what_was_acknowledged()
    {
        string topic = await broker.NewTopic();
        using var directory = new TestDirectory();
        string input = directory.File("input");
        await File.WriteAllLinesAsync(input, Enumerable.Range(0, 100_000).Select(i => "record " + i));
        await using ProgramRun producer = Start("produce", topic, input, "--rate", "200", "-o", "jsonl");
        await using ProgramRun follower = Start("consume", topic, "--follow");
        await follower.WaitForOutputAsync(line => line == "record 20", Deadline);
        Assert.Equal(0, Kill(producer.ProcessId, 2));
        Assert.Equal(130, await producer.WaitForExitAsync(Deadline));
        string hint = producer.ErrorLines[^1];
        Assert.StartsWith($"interrupted; go on with: logbroker produce {topic} --skip ", hint);
        int acknowledged = int.Parse(hint.Split(' ')[^1]);
        Assert.Equal(acknowledged, producer.OutputLines.Count);
        string[] consumed = (await broker.Run("consume", topic)).MustSucceed().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(0, acknowledged).Select(i => "record " + i), consumed);
    }

    [Theory]
    [InlineData("consume \"$1\" | head -n 1")]
    [InlineData("consume \"$1\" --follow | head -n 1")]
    public async Task Row_52_a_broken_pipe_is_a_quiet_end(string command)
    {
        string topic = await broker.NewTopic();
        (await broker.RunWith(string.Join('\n', Enumerable.Range(0, 50_000)), "produce", topic)).MustSucceed();
        ProgramResult run = await ProgramRun.RunAsync(
            "bash", ["-c", $"set -o pipefail; \"$0\" {command}", CliBroker.ProgramPath, topic], broker.Environment);
        Assert.Equal((0, "0", ""), (run.ExitCode, run.Output, run.Error));
    }

    [Fact]
    public async Task A_producer_outlasts_a_restart_of_the_broker()
    {
        using var directory = new TestDirectory();
        string data = directory.File("data");
        string input = directory.File("input");
        string[] lines = [.. Enumerable.Range(0, 2000).Select(i => "record " + i)];
        await File.WriteAllLinesAsync(input, lines);
        string address;
        ProgramRun producer;
        await using (ServerProcess first = await ServerProcess.StartAsync(data))
        {
            address = first.GrpcAddress;
            (await CliRun.Of("topic", "create", "t", "-p", "1", "-s", address)).MustSucceed();
            producer = ProgramRun.Start(CliBroker.ProgramPath, ["produce", "t", input, "--rate", "500", "-s", address]);
            await using ProgramRun follower = ProgramRun.Start(CliBroker.ProgramPath, ["consume", "t", "--follow", "-s", address]);
            await follower.WaitForOutputAsync(line => line == "record 100", Deadline);
            await first.KillAsync();
        }

        await using (producer)
        await using (var second = ProgramRun.Start(
            ServerProcess.ProgramPath, ["--data-dir", data, "--grpc", address, "--http", "127.0.0.1:0"]))
        {
            await second.WaitForOutputAsync(line => line.StartsWith("LogBroker ready: ", StringComparison.Ordinal), Deadline);
            Assert.Equal(0, await producer.WaitForExitAsync(Deadline));
            Assert.StartsWith("acknowledged 2,000 records", producer.ErrorLines[^1]);
            Assert.Equal(lines, (await CliRun.Of("consume", "t", "-s", address)).MustSucceed()
                .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    [Fact]
    public async Task A_data_directory_is_listed_dumped_and_verified_at_rest()
    {
        using var directory = new TestDirectory();
        string data = directory.File("data");
        await using (ServerProcess server = await ServerProcess.StartAsync(data))
        {
            (await CliRun.Of("topic", "create", "t", "-p", "1", "-s", server.GrpcAddress)).MustSucceed();
            (await CliRun.With(["produce", "t", "-K", "=", "-s", server.GrpcAddress], "a=1\n")).MustSucceed();
            (await CliRun.With(["produce", "t", "-K", "=", "-s", server.GrpcAddress], "b=2\n")).MustSucceed();
            Assert.Equal(0, await server.StopAsync());
        }

        Assert.StartsWith("t\t0\t0\t2\t2\t", (await CliRun.Of("storage", "segments", data)).MustSucceed().Output);
        string[] batches = (await CliRun.Of("storage", "dump", data)).MustSucceed()
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("t\t0\t0\tepoch\t0\t0\t61\t1\t", batches[0]);
        Assert.Contains("\tdata\t", batches[^1]);
        Assert.Equal("0 a=1\n1 b=2\n", (await CliRun.Of("storage", "dump", data, "-f", "%o %k=%v")).MustSucceed().Output);
        Assert.Equal("1\n", (await CliRun.Of("storage", "dump", data, "-t", "t", "--from", "1", "-f", "%o")).MustSucceed().Output);
        CliRun good = (await CliRun.Of("storage", "verify", data)).MustSucceed();
        Assert.Empty(good.Output);
        Assert.EndsWith("no damage\n", good.Error);

        string segment = Directory.EnumerateFiles(Path.Combine(data, "topics"), "*.log", SearchOption.AllDirectories)
            .Single(f => f.Contains("/t~"));
        byte[] bytes = await File.ReadAllBytesAsync(segment);

        // In the first record: behind the epoch row and the header of the first of two batches.
        bytes[61 + 61 + 2] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes);
        CliRun bad = await CliRun.Of("storage", "verify", data, "-o", "json");
        Assert.Equal(9, bad.ExitCode);
        using var findings = System.Text.Json.JsonDocument.Parse(bad.Output);
        Assert.True(findings.RootElement.GetProperty("damaged").GetBoolean());
        Assert.Equal(segment, findings.RootElement.GetProperty("findings")[0].GetProperty("file").GetString());
        Assert.Contains("DAMAGED", bad.Error);
        Assert.Equal(3, (await CliRun.Of("storage", "verify", directory.Path)).ExitCode);
        Assert.Equal(3, (await CliRun.Of("storage", "segments", directory.File("nowhere"))).ExitCode);
    }

    private ProgramRun Start(params string[] args) => ProgramRun.Start(CliBroker.ProgramPath, args, broker.Environment);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
