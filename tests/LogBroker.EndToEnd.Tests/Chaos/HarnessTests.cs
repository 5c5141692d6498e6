using System.Net;
using System.Net.Sockets;
using System.Text;
using LogBroker.Chaos;
using LogBroker.TestKit;

namespace LogBroker.EndToEnd.Tests;

/// <summary>The means of the chaos tests do what they say: a fault that does nothing would prove everything.</summary>
public sealed class HarnessTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(200);

    [Fact]
    public void Values_survive_coding_and_any_change_is_noticed()
    {
        for (int i = 0; i < 1000; i++)
        {
            var value = new RecordValue(i % 7, i * 31);
            byte[] key = ValueCoding.Key(value);
            byte[] bytes = ValueCoding.Value(value);
            Assert.Equal(value, ValueCoding.Decode(key, bytes));
            bytes[i % bytes.Length] ^= 1;
            Assert.NotEqual(value, ValueCoding.Decode(key, bytes));
            bytes[i % bytes.Length] ^= 1;
            Assert.Equal(RecordValue.Unreadable, ValueCoding.Decode(key, bytes.AsMemory(0, bytes.Length - 1)));
            Assert.Equal(RecordValue.Unreadable, ValueCoding.Decode(null, bytes));
        }
    }

    [Fact]
    public async Task A_closed_valve_holds_one_direction_and_lets_it_go_late()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var proxy = new TcpProxy(FreePorts.Take(1)[0], ((IPEndPoint)listener.LocalEndpoint).Port);
        using var near = new TcpClient();
        await near.ConnectAsync(IPAddress.Loopback, proxy.Port);
        using var far = await listener.AcceptTcpClientAsync();
        proxy.Up.Close();
        await near.GetStream().WriteAsync("up"u8.ToArray());
        await far.GetStream().WriteAsync("down"u8.ToArray());
        Assert.Equal("down", await ReadAsync(near, 4));
        var late = ReadAsync(far, 2);
        await Assert.ThrowsAsync<TimeoutException>(() => late.WaitAsync(Silence));
        proxy.Up.Open();
        Assert.Equal("up", await late.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_reset_ends_connections_and_a_refusing_proxy_takes_no_new_ones()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var proxy = new TcpProxy(FreePorts.Take(1)[0], ((IPEndPoint)listener.LocalEndpoint).Port);
        using var near = new TcpClient();
        await near.ConnectAsync(IPAddress.Loopback, proxy.Port);
        using var far = await listener.AcceptTcpClientAsync();
        proxy.Refuse();
        proxy.Reset();
        await Assert.ThrowsAnyAsync<IOException>(() => ReadAsync(near, 1).WaitAsync(Patience));
        using var refused = new TcpClient();
        var error = await Assert.ThrowsAsync<SocketException>(() => refused.ConnectAsync(IPAddress.Loopback, proxy.Port));
        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
        proxy.Listen();
        using var again = new TcpClient();
        await again.ConnectAsync(IPAddress.Loopback, proxy.Port);
    }

    [Fact]
    public async Task A_power_cut_keeps_what_was_synced_and_forgets_the_rest()
    {
        using var directory = new TestDirectory();
        await using var disks = await SceneTest.OrSkipAsync(ImageDisks.MakeAsync(directory.Path));
        string data = disks.DataDirectory(1);
        Directory.CreateDirectory(data);
        string synced = Path.Combine(data, "synced");
        string unsynced = Path.Combine(data, "unsynced");
        await File.WriteAllTextAsync(synced, "kept");
        await Shell.RunAsync("sync", synced, data, Path.GetDirectoryName(data)!);
        await File.WriteAllTextAsync(unsynced, "lost");
        await disks.FreezeAsync(1);
        await disks.ThawAsync(1);
        Assert.Equal("kept", await File.ReadAllTextAsync(synced));
        Assert.False(File.Exists(unsynced) && (await File.ReadAllTextAsync(unsynced)).Length > 0);
        await disks.WipeAsync(1);
        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task Namespaces_reach_each_other_until_one_direction_is_cut()
    {
        await using var network = await SceneTest.OrSkipAsync(NamespaceNetwork.MakeAsync());
        Assert.True(await HearsAsync(network, 1, 2));
        await network.CutAsync(1, 2);
        Assert.False(await HearsAsync(network, 1, 2));
        Assert.True(await HearsAsync(network, 1, 3));
        await network.HealAsync(isLate: true);
        Assert.True(await HearsAsync(network, 1, 2));
        await network.SeparateAsync(1, 2);
        Assert.False(await HearsAsync(network, 2, 1));
        Assert.True(await HearsAsync(network, 3, 1));
        await network.HealAsync(isLate: true);
        await network.IsolateAsync(3);
        Assert.False(await HearsAsync(network, 3, 1));
        Assert.True(await HearsAsync(network, 2, 1));
    }

    // Nobody listens: a node that is reached refuses at once, one that is not says nothing.
    private static async Task<bool> HearsAsync(NamespaceNetwork network, int from, int to)
    {
        const int TimedOut = 124;
        string host = network.PeerListen(to).Split(':')[0];
        string[] words = [.. network.Wrapper(from), "timeout", "1", "bash", "-c", $": < /dev/tcp/{host}/9"];
        return (await Shell.TryRunAsync(words[0], words[1..])).Code != TimedOut;
    }

    private static async Task<string> ReadAsync(TcpClient from, int count)
    {
        byte[] bytes = new byte[count];
        await from.GetStream().ReadExactlyAsync(bytes);
        return Encoding.ASCII.GetString(bytes);
    }
}
