namespace LogBroker.Rpc.Tests;

/// <summary>Both sides against the official interop programs, and against each other.</summary>
public sealed class InteropTests
{
    public static TheoryData<string> Cases => [.. InteropCases.All.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task OfficialClientAgainstOurServer(string testCase)
    {
        var client = Peers.Require("grpc-interop-client");
        await using var server = await TestServer.StartAsync();
        var (exitCode, output) = await Peers.RunAsync(
            client, "--server_host", "127.0.0.1", "--server_port", $"{server.Port}", $"--test_case={testCase}");
        Assert.True(exitCode == 0, output);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task OurClientAgainstOurServer(string testCase)
    {
        await using var server = await TestServer.StartAsync();
        await InteropCases.All[testCase](server.Channel);
    }

    [Fact]
    public async Task OurClientAgainstOfficialServer()
    {
        var program = Peers.Require("grpc-interop-server");
        var port = Peers.FreePort();
        using var process = Peers.Start(program, "-port", $"{port}");
        try
        {
            await Peers.WaitForPortAsync(port);
            await using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
            foreach (var (name, run) in InteropCases.All)
            {
                try
                {
                    await run(channel).WaitAsync(TimeSpan.FromSeconds(20));
                }
                catch (Exception exception)
                {
                    Assert.Fail($"{name}: {exception}");
                }
            }
        }
        finally
        {
            process.Kill();
        }
    }
}
