using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Too many files, too little memory, connections that say nothing: the broker lives and serves whoever behaves.</summary>
public sealed class ExhaustionTests
{
    private static readonly TimeSpan RecoverTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BusyTime = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Row30_without_file_descriptors_those_connected_are_served_and_it_recovers()
    {
        if (!File.Exists("/usr/bin/prlimit"))
            Assert.Skip("prlimit is not installed");
        await using var server = await ServerProcess.StartAsync();
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("t");
        await client.ProduceAsync("t", 0, "before");
        int open = Directory.GetFiles($"/proc/{server.ProcessId}/fd").Length;
        await LimitAsync(open + 8);
        var sockets = new List<Socket>();
        try
        {
            for (int i = 0; i < 40; i++)
            {
                sockets.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                await sockets[^1].ConnectAsync(IPEndPoint.Parse(server.GrpcAddress));
            }

            Assert.Equal(1, (await client.ProduceAsync("t", 0, "during")).Receipt.BaseOffset);
            Assert.Equal(2, (await client.FetchAsync("t", 0, 0)).HighWatermark);

            // None at all, and somebody who waits to be accepted: that is no reason to try without a pause.
            await LimitAsync(open);
            sockets.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            await sockets[^1].ConnectAsync(IPEndPoint.Parse(server.GrpcAddress));
            using var process = Process.GetProcessById(server.ProcessId);
            var used = process.TotalProcessorTime;
            await Task.Delay(BusyTime); // because nothing is to happen in it
            process.Refresh();
            Assert.InRange(process.TotalProcessorTime - used, TimeSpan.Zero, BusyTime / 2);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }

        await LimitAsync(4096);
        using var deadline = new CancellationTokenSource(RecoverTime);
        while (true)
        {
            await using var later = new TestClient(server);
            try
            {
                Assert.Equal(2, (await later.FetchAsync("t", 0, 0)).HighWatermark);
                break;
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable)
            {
                deadline.Token.ThrowIfCancellationRequested();
            }
        }

        Assert.Equal(0, await server.StopAsync());

        async Task LimitAsync(int files)
        {
            string limit = files.ToString(CultureInfo.InvariantCulture);
            string process = server.ProcessId.ToString(CultureInfo.InvariantCulture);
            var result = await ProgramRun.RunAsync("/usr/bin/prlimit", ["--pid", process, $"--nofile={limit}:"]);
            Assert.True(result.ExitCode == 0, result.Error);
        }
    }

    /// <summary>.NET makes no thread without a descriptor, and ended the process when connections had taken all.</summary>
    [Fact]
    public async Task Row30_connections_leave_descriptors_for_files_and_probes()
    {
        const int Limit = 300;
        if (!File.Exists("/usr/bin/prlimit"))
            Assert.Skip("prlimit is not installed");
        await using var server = await ServerProcess.StartAsync(wrapper: ["/usr/bin/prlimit", $"--nofile=200:{Limit}"]);
        string limits = await File.ReadAllTextAsync($"/proc/{server.ProcessId}/limits");
        Assert.Matches($"Max open files +{Limit} +{Limit}", limits);
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("t");
        await client.ProduceAsync("t", 0, "before");
        var sockets = new List<Socket>();
        try
        {
            for (int i = 0; i < 2 * Limit; i++)
            {
                sockets.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                await sockets[^1].ConnectAsync(IPEndPoint.Parse(server.GrpcAddress));
            }

            await UntilAsync(() => server.OutputLines.Concat(server.ErrorLines).Any(
                static line => line.Contains($"of the {Limit} that the process may have (RLIMIT_NOFILE)", StringComparison.Ordinal)));
            Assert.InRange(Directory.GetFiles($"/proc/{server.ProcessId}/fd").Length, 1, Limit - 32);
            await client.CreateTopicAsync("during", 3);
            Assert.Equal(0, (await client.ProduceAsync("during", 0, "x")).Receipt.BaseOffset);
            Assert.Equal(1, (await client.ProduceAsync("t", 0, "during")).Receipt.BaseOffset);
            using var http = new HttpClient();
            Assert.Equal("live", (await http.GetStringAsync(server.HttpUri("/healthz/live"))).Trim());
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }

        Assert.Equal(0, await server.StopAsync());
    }

    [Fact]
    public async Task Row31_a_storm_of_large_batches_under_a_memory_cap()
    {
        await using var server = await ServerProcess.StartAsync(
            arguments: ["--limits:maxbytesinflighttotal", "32MiB", "--limits:maxbytesinflight", "4MiB"],
            environment: new() { ["DOTNET_GCHeapHardLimit"] = "0xC000000" });
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("t", 4, ("durability", "memory"));
        var storms = Enumerable.Range(0, 8).Select(partition => StormAsync(partition % 4)).ToArray();
        int acknowledged = (await Task.WhenAll(storms)).Sum();
        Assert.True(acknowledged > 0);
        long high = 0;
        for (int partition = 0; partition < 4; partition++)
            high += (await client.FetchAsync("t", partition, 0)).HighWatermark;
        Assert.Equal(acknowledged, high);
        Assert.Equal(0, await server.StopAsync());

        async Task<int> StormAsync(int partition)
        {
            await using var stormer = new TestClient(server);
            using var stream = stormer.Channel.Duplex(BrokerMethods.Produce);
            await stream.RequestStream.WriteAsync(new ProduceRequest { Open = new ProduceOpen() });
            var records = TestClient.Batch(new string('x', 900_000));
            const int Batches = 20;
            var sending = Task.Run(async () =>
            {
                for (int i = 0; i < Batches; i++)
                {
                    var batch = new ProduceBatch { CorrelationId = (ulong)i, Topic = "t", Partition = partition, Records = records };
                    await stream.RequestStream.WriteAsync(new ProduceRequest { Batch = batch });
                }

                await stream.RequestStream.CompleteAsync();
            });
            Assert.NotNull((await TestClient.NextAsync(stream)).Opened);
            int receipts = 0;
            for (int i = 0; i < Batches; i++)
            {
                var ack = (await TestClient.NextAsync(stream)).Ack;
                if (ack.ResultCase is ProduceAck.ResultOneofCase.Receipt)
                    receipts++;
                else
                    Assert.Equal("BUSY", TestClient.Explain(ack.Error).Reason);
            }

            await sending;
            return receipts;
        }
    }

    [Fact]
    public async Task Row28_idle_and_slow_connections_do_not_shut_others_out()
    {
        await using var server = await ServerProcess.StartAsync(
            arguments: ["--limits:maxconnections", "64", "--limits:handshaketimeout", "1s"]);
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("t");
        var sockets = new List<Socket>();
        try
        {
            for (int i = 0; i < 200; i++)
            {
                sockets.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                await sockets[^1].ConnectAsync(IPEndPoint.Parse(server.GrpcAddress));
                // Every other one begins the preface and never ends it.
                if (i % 2 == 0)
                    await sockets[^1].SendAsync("PRI"u8.ToArray());
            }

            Assert.Equal(0, (await client.ProduceAsync("t", 0, "x")).Receipt.BaseOffset);
            using var deadline = new CancellationTokenSource(RecoverTime);
            foreach (var socket in sockets)
                await ClosedAsync(socket, deadline.Token);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }

        await using var other = new TestClient(server);
        Assert.Equal(1, (await other.FetchAsync("t", 0, 0)).HighWatermark);
    }

    private static async Task UntilAsync(Func<bool> isTrue)
    {
        using var deadline = new CancellationTokenSource(RecoverTime);
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!isTrue())
            await ticks.WaitForNextTickAsync(deadline.Token);
    }

    private static async Task ClosedAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[256];
        try
        {
            while (await socket.ReceiveAsync(buffer, cancellationToken) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Reset is closed as well.
        }
    }
}
