using System.Net;
using LogBroker.Protocol.V1;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Faults of small file systems that are mounted for the test; they need root, and skip without it.</summary>
public sealed class MountTests
{
    private const int DiskFailed = 74;
    private static readonly TimeSpan ResumeTime = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Row11_a_full_disk_refuses_producers_and_nothing_else_and_resumes_by_itself()
    {
        using var directory = new TestDirectory();
        await using var mount = await MountAsync(directory.File("m"), "-t", "tmpfs", "-o", "size=48m", "tmpfs");
        string data = Path.Combine(mount.Path, "data");
        string ballast = Path.Combine(mount.Path, "ballast");
        await using var server = await ServerProcess.StartAsync(data, ["--storage:diskheadroom", "4MiB"]);
        await using var client = new TestClient(server);
        using var http = new HttpClient();
        await client.CreateTopicAsync("t", 1, ("segment.bytes", "2MiB"), ("max.message.bytes", "1MiB"));
        await client.ProduceAsync("t", 0, "first");

        await FillAsync(ballast, leaveBytes: 5 << 20, mount.Path);
        string body = new('x', 500_000);
        int written = 1;
        ProduceAck ack;
        while ((ack = await client.ProduceAsync("t", 0, body)).ResultCase is ProduceAck.ResultOneofCase.Receipt)
            Assert.True(++written < 100, "the disk never got full");
        Assert.Equal("DISK_FULL", TestClient.Explain(ack.Error).Reason);
        Assert.Contains(ack.Error.Details, detail => detail.Is(Google.Rpc.RetryInfo.Descriptor));

        // Reads go on, and the probe says why no producer should come.
        Assert.Equal("first", TestClient.Records((await client.FetchAsync("t", 0, 0)).Batches)[0].Value);
        Assert.Equal(written, (await client.FetchAsync("t", 0, 0)).HighWatermark);
        using var probe = await http.GetAsync(server.HttpUri("/healthz/ready"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, probe.StatusCode);

        File.Delete(ballast);
        using var deadline = new CancellationTokenSource(ResumeTime);
        while ((ack = await client.ProduceAsync("t", 0, "again")).ResultCase is not ProduceAck.ResultOneofCase.Receipt)
            deadline.Token.ThrowIfCancellationRequested();
        Assert.Equal(written, ack.Receipt.BaseOffset);
        Assert.Equal(0, await server.StopAsync());
    }

    [Fact]
    public async Task Row10_a_disk_that_loses_what_it_took_ends_the_process()
    {
        if (!File.Exists("/usr/sbin/mkfs.ext4"))
            Assert.Skip("mkfs.ext4 is not installed");
        using var directory = new TestDirectory();
        await using var small = await MountAsync(directory.File("small"), "-t", "tmpfs", "-o", "size=24m", "tmpfs");
        string image = Path.Combine(small.Path, "image");
        await using (var file = File.Create(image))
            file.SetLength(128 << 20);
        var made = await ProgramRun.RunAsync("/usr/sbin/mkfs.ext4", ["-q", "-F", "-O", "^has_journal", "-E", "lazy_itable_init=1", image]);
        if (made.ExitCode != 0)
            Assert.Skip("mkfs.ext4 does not work here: " + made.Error);
        await using var mount = await MountAsync(directory.File("m"), "-o", "loop", image);
        await using var server = await ServerProcess.StartAsync(Path.Combine(mount.Path, "data"));
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("t", 1, ("segment.bytes", "64MiB"));

        int acknowledged = 0;
        string body = new('x', 900_000);
        var ended = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            while (acknowledged < 128)
            {
                var ack = await client.ProduceAsync("t", 0, body);
                if (ack.ResultCase is ProduceAck.ResultOneofCase.Receipt)
                    acknowledged++;
                else
                    throw new InvalidOperationException(TestClient.Explain(ack.Error).Reason);
            }
        });
        Assert.True(acknowledged < 60, $"{acknowledged} batches acknowledged on 24 MiB");
        if (ended is InvalidOperationException { Message: "DISK_FULL" })
            Assert.Skip("the file system reported the lack of room before it took anything");
        Assert.Equal(DiskFailed, await server.WaitForExitAsync(TimeSpan.FromSeconds(60)));
    }

    private static async Task FillAsync(string path, long leaveBytes, string mount)
    {
        long free = new DriveInfo(mount).AvailableFreeSpace;
        await using var file = File.Create(path);
        byte[] block = new byte[64 << 10];
        for (long left = free - leaveBytes; left > 0; left -= block.Length)
            await file.WriteAsync(block);
    }

    private static async Task<Mount> MountAsync(string path, params string[] arguments)
    {
        Directory.CreateDirectory(path);
        if (!Environment.IsPrivilegedProcess || !File.Exists("/usr/bin/mount"))
            Assert.Skip("mounting needs root");
        var result = await ProgramRun.RunAsync("/usr/bin/mount", [.. arguments, path]);
        if (result.ExitCode != 0)
            Assert.Skip("mounting is not possible here: " + result.Error);
        return new Mount(path);
    }

    private sealed class Mount(string path) : IAsyncDisposable
    {
        public string Path => path;

        public async ValueTask DisposeAsync()
        {
            var result = await ProgramRun.RunAsync("/usr/bin/umount", ["-l", path]);
            Assert.True(result.ExitCode == 0, result.Error);
        }
    }
}
