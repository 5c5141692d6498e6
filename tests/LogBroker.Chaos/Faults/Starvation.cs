using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace LogBroker.Chaos;

/// <summary>Rows 30 and 32: a node without file descriptors, and one without CPU.</summary>
internal static class Starvation
{
    private const int ConnectionsCount = 100;
    private const int SpareDescriptors = 3;
    private const int BurnersCount = 3;
    private const int Aborted = 134;

    /// <summary>
    /// Leaves a node hardly a descriptor and then asks it for connections. Nothing may be lost, and the node must not stay deaf when
    /// descriptors are there again. It may end: .NET cannot make a thread without a pipe, and ends the process as out of memory.
    /// </summary>
    public static Fault Descriptors(ChaosScene scene, int node)
    {
        var sockets = new List<Socket>();
        string limit = "";
        return new Fault(
            30,
            $"no file descriptors at {ProcessFaults.Names(node)}",
            async () =>
            {
                int id = scene.Cluster.Node(node).Process!.Id;
                int used = Directory.GetFiles($"/proc/{id}/fd").Length;
                limit = (await Shell.RunAsync("prlimit", "--pid", $"{id}", "--nofile", "--noheadings", "--raw", "--output", "SOFT")).Trim();
                await Shell.RunAsync("prlimit", "--pid", $"{id}", $"--nofile={used + SpareDescriptors}:");
                var address = IPEndPoint.Parse(scene.Cluster.Network.ClientListen(node));
                for (int i = 0; i < ConnectionsCount; i++)
                {
                    var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
                    sockets.Add(socket);
                    try
                    {
                        socket.Connect(address);
                    }
                    catch (SocketException)
                    {
                        // On its way, or refused: both are part of the fault.
                    }
                }
            },
            async () =>
            {
                sockets.ForEach(socket => socket.Dispose());
                var process = scene.Cluster.Node(node).Process!;
                if (process.HasEnded)
                {
                    process.IsEndExpected |= process.ExitCode == Aborted && IsOutOfMemory(process.LastLines);
                    if (process.IsEndExpected)
                        await scene.Cluster.StartAsync(node); // as a supervisor does
                }
                else if (limit.Length > 0)
                    await Shell.RunAsync("prlimit", "--pid", $"{process.Id}", $"--nofile={limit}:");
            });
    }

    private static bool IsOutOfMemory(string lines) =>
        lines.EndsWith("Out of memory.", StringComparison.Ordinal)
        || lines.Contains(nameof(OutOfMemoryException), StringComparison.Ordinal);

    /// <summary>Puts a node on one core together with programs that use it up.</summary>
    public static Fault Cpu(ChaosScene scene, int node)
    {
        var burners = new List<Process>();
        return new Fault(
            32,
            $"little CPU for {ProcessFaults.Names(node)}",
            async () =>
            {
                await Shell.RunAsync("taskset", "-a", "-c", "-p", "0", $"{scene.Cluster.Node(node).Process!.Id}");
                for (int i = 0; i < BurnersCount; i++)
                    burners.Add(Process.Start(Shell.Find("taskset"), ["-c", "0", "sh", "-c", "while :; do :; done"])!);
            },
            async () =>
            {
                foreach (var burner in burners)
                {
                    burner.Kill();
                    await burner.WaitForExitAsync();
                    burner.Dispose();
                }

                var process = scene.Cluster.Node(node).Process!;
                if (!process.HasEnded)
                    await Shell.TryRunAsync("taskset", "-a", "-c", "-p", $"0-{Environment.ProcessorCount - 1}", $"{process.Id}");
            });
    }
}
