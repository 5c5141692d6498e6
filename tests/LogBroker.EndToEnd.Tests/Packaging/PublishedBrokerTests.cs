using System.Net.Sockets;
using System.Text;

namespace LogBroker.EndToEnd.Tests.Packaging;

/// <summary>The directory that packaging/publish.sh makes, and what systemd wants of it.</summary>
[Collection(PackagesDefinition.Name)]
public sealed class PublishedBrokerTests(PackagesFixture packages)
{
    [Fact]
    public void The_directory_says_what_it_became_and_holds_what_a_server_needs()
    {
        Assert.Matches(
            @"^published: .*logbrokerd \((self-contained for linux-(x64|arm64)|needs the ASP\.NET Core runtime 10)\)$",
            packages.PublishOutput);
        foreach (var file in new[] { "logbrokerd", "LICENSE", "logbrokerd.service", "logbroker.sysusers.conf" })
            Assert.True(File.Exists(Path.Combine(packages.Broker, file)), file + " is missing");
        Assert.Equal(
            packages.PublishOutput.Contains("self-contained", StringComparison.Ordinal),
            File.Exists(Path.Combine(packages.Broker, "libcoreclr.so")));
    }

    [Fact]
    public async Task It_starts_and_tells_systemd_when_it_is_ready_and_when_it_stops()
    {
        var path = Path.Combine(packages.Root, "notify");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        await using var broker = await PublishedBroker.StartAsync(
            packages.Broker, Path.Combine(packages.Root, "data-notify"), ("NOTIFY_SOCKET", path));
        await ReceiveAsync(socket, "READY=1");
        var (exitCode, errors) = await broker.StopAsync();
        Assert.True(exitCode == 0, $"exit code {exitCode}: {errors}");
        await ReceiveAsync(socket, "STOPPING=1");
    }

    [Fact]
    public async Task Without_librocksdb_it_ends_with_one_line_that_says_what_to_install()
    {
        var ran = await Command.RunAsync(
            Path.Combine(packages.Broker, "logbrokerd"),
            ["--data-dir", Path.Combine(packages.Root, "data-none"), "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"],
            packages.Root,
            TimeSpan.FromMinutes(1),
            ("LOGBROKER_ROCKSDB", "/nowhere/librocksdb.so"));
        Assert.NotEqual(0, ran.ExitCode);
        Assert.Empty(ran.Output);
        var line = Assert.Single(ran.Error.Split('\n'), line => line.StartsWith("logbrokerd: ", StringComparison.Ordinal));
        Assert.Contains("LOGBROKER_ROCKSDB=/nowhere/librocksdb.so", line, StringComparison.Ordinal);
        Assert.Contains("apt-get install librocksdb-dev", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_unit_is_accepted_by_systemd()
    {
        if (!File.Exists("/usr/bin/systemd-analyze"))
            Assert.Skip("no systemd-analyze on this machine");
        var unit = await File.ReadAllTextAsync(Path.Combine(packages.Broker, "logbrokerd.service"));
        Assert.Contains("Type=notify", unit, StringComparison.Ordinal);
        var here = Path.Combine(packages.Root, "logbrokerd.service");
        await File.WriteAllTextAsync(here, unit.Replace("/opt/logbroker", packages.Broker, StringComparison.Ordinal));
        var verified = await Command.RunAsync("systemd-analyze", ["verify", here], packages.Root, TimeSpan.FromMinutes(1));
        Assert.Equal("", verified.MustSucceed().Error);
    }

    private static async Task ReceiveAsync(Socket socket, string state)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var buffer = new byte[4096];
        while (true)
        {
            var bytes = await socket.ReceiveAsync(buffer, deadline.Token);
            if (Encoding.UTF8.GetString(buffer, 0, bytes).Split('\n').Contains(state))
                return;
        }
    }
}
