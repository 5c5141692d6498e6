using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace LogBroker.RocksDb.Tests;

/// <summary>Both ends of a child process: what it does, and how a test starts it.</summary>
internal static class ChildProcess
{
    /// <summary>What the child does.</summary>
    internal static int Run(string[] args)
    {
        switch (args)
        {
            case ["locate"]:
                return Locate();
            case ["write", var path]:
                Write(path);
                return 0;
            default:
                return 2;
        }
    }

    /// <summary>Starts the child; its output is read by the caller.</summary>
    internal static Process Start(string[] args, params (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        start.ArgumentList.Add("child");
        foreach (var arg in args)
            start.ArgumentList.Add(arg);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
    }

    private static int Locate()
    {
        try
        {
            using var options = new WriteOptions();
            Console.WriteLine(NativeLibraryLocator.EnsureLoaded());
            foreach (var line in File.ReadLines("/proc/self/maps").Where(line => line.Contains("librocksdb", StringComparison.Ordinal)))
                Console.WriteLine(line);
            return 0;
        }
        catch (RocksDbNotFoundException e)
        {
            Console.WriteLine(e.Message);
            return 3;
        }
    }

    /// <summary>Writes pairs of keys in synced batches without end and says after each that it is done.</summary>
    private static void Write(string path)
    {
        using var options = new DbOptions().SetCreateIfMissing();
        using var db = RocksDb.Open(options, path);
        using var synced = new WriteOptions().SetSync(true);
        using var batch = new WriteBatch();
        for (var i = 0; ; i++)
        {
            batch.Clear();
            var number = Encoding.ASCII.GetBytes(i.ToString("D8", CultureInfo.InvariantCulture));
            batch.Put([(byte)'a', .. number], number, db.DefaultColumnFamily);
            batch.Put([(byte)'b', .. number], number, db.DefaultColumnFamily);
            db.Write(batch, synced);
            Console.WriteLine(i);
        }
    }
}
