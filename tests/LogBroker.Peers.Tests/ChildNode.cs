using System.Diagnostics;
using System.Globalization;
using LogBroker.Cluster;
using LogBroker.Protocol;

namespace LogBroker.Peers.Tests;

/// <summary>A node in a process of its own, so that it can be killed: what the child does, and how a test starts it.</summary>
internal static class ChildNode
{
    /// <summary>Starts node 2 of the given ones; its standard output says when it accepts peers.</summary>
    public static async Task<Process> StartAsync(ClusterNode[] nodes)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardInput = true };
        start.ArgumentList.Add(typeof(ChildNode).Assembly.Location);
        start.ArgumentList.Add("child");
        foreach (var node in nodes)
            start.ArgumentList.Add($"{node.Node}@{node.PeerAddress}");
        var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync(deadline.Token));
        return process;
    }

    /// <summary>What the child does: be node 2 until its standard input ends.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        ClusterNode[] nodes =
        [
            .. args.Select(a => a.Split('@', 2))
                .Select(p => new ClusterNode(new NodeId(int.Parse(p[0], CultureInfo.InvariantCulture)), p[1])),
        ];
        await using var node = await TestNode.StartAsync(nodes, 2);
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync();
        return 0;
    }
}
