using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Microsoft.Win32.SafeHandles;

namespace LogBroker.Microbench;

/// <summary>
/// One flush turn over many partitions: 16 KiB appended to each file, then made durable file by file, by four threads as the broker
/// does, or by one <c>syncfs</c> of the whole file system; on the disk of the temporary directory.
/// </summary>
public partial class ManyDirtyFilesBenchmarks
{
    private const int BytesPerFile = 16 * 1024;
    private const int SyncThreads = 4;
    private const long FileBytes = 64L * 1024 * 1024;

    private readonly byte[] _bytes = new byte[BytesPerFile];
    private readonly List<SafeFileHandle> _files = [];
    private string _directory = "";
    private long _at;

    [Params(8, 64, 256)]
    public int Files { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        new Random(1).NextBytes(_bytes);
        _directory = Directory.CreateTempSubdirectory("logbroker-dirty-").FullName;
        for (int i = 0; i < Files; i++)
        {
            SafeFileHandle file = File.OpenHandle(
                Path.Combine(_directory, $"{i}.log"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
            RandomAccess.SetLength(file, FileBytes);
            _files.Add(file);
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _files.ForEach(f => f.Dispose());
        _files.Clear();
        Directory.Delete(_directory, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public void OneAfterTheOther()
    {
        WriteAll();
        _files.ForEach(Sync);
    }

    [Benchmark]
    public void FourAtATime()
    {
        WriteAll();
        Parallel.ForEach(_files, new ParallelOptions { MaxDegreeOfParallelism = SyncThreads }, Sync);
    }

    [Benchmark]
    public void WholeFileSystem()
    {
        WriteAll();
        Check(SyncFs((int)_files[0].DangerousGetHandle()));
    }

    private void WriteAll()
    {
        foreach (SafeFileHandle file in _files)
        {
            RandomAccess.Write(file, _bytes, _at);
        }

        _at = (_at + BytesPerFile) % (FileBytes - BytesPerFile);
    }

    private static void Sync(SafeFileHandle file) => Check(FDataSync((int)file.DangerousGetHandle()));

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new IOException($"the disk could not be synced: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(int file);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFs(int file);
}
