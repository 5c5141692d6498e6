using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>What every form of <see cref="IDisk"/> does.</summary>
public abstract class DiskContractTests : IDisposable
{
    protected abstract IDisk Disk { get; }

    protected abstract string Root { get; }

    [Fact]
    public void Bytes_written_are_read_and_a_read_stops_at_the_end()
    {
        using IDiskFile file = Disk.Open(Root + "/a", DiskAccess.CreateNew);
        file.Write(3, "hello"u8);
        var read = new byte[20];
        Assert.Equal(8, file.Read(0, read));
        Assert.True(read.AsSpan(0, 8).SequenceEqual("\0\0\0hello"u8));
        Assert.Equal(0, file.Read(8, read));
        Assert.Equal(0, file.Read(100, read));
        Assert.Equal(8, file.Length);
        file.SyncData();
        file.Sync();
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(3, 10)]
    [InlineData(40, 1_000)]
    [InlineData(2_500, 300)]
    public void Parts_are_written_one_behind_the_other(int count, int bytes)
    {
        using IDiskFile file = Disk.Open(Root + "/a", DiskAccess.CreateNew);
        var parts = new ReadOnlyMemory<byte>[count];
        for (int i = 0; i < count; i++)
        {
            var part = new byte[bytes];
            new Random(i).NextBytes(part);
            parts[i] = part;
        }

        file.Write(5, parts);
        var read = new byte[bytes];
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(bytes, file.Read(5 + ((long)i * bytes), read));
            Assert.True(read.AsSpan().SequenceEqual(parts[i].Span));
        }

        Assert.Equal(5 + ((long)count * bytes), file.Length);
    }

    [Fact]
    public void A_longer_file_is_zeros_without_data_and_a_cut_one_forgets()
    {
        using IDiskFile file = Disk.Open(Root + "/a", DiskAccess.CreateNew);
        file.SetLength(1 << 20);
        Assert.Equal(-1, file.FindData(0));
        file.Write(100_000, "x"u8);
        Assert.InRange(file.FindData(0), 90_000, 100_000);
        Assert.Equal(100_000, file.FindData(100_000));
        Assert.Equal(-1, file.FindData(200_000));
        file.SetLength(100_000);
        file.SetLength(1 << 20);
        var read = new byte[10];
        Assert.Equal(10, file.Read(100_000, read));
        Assert.True(read.AsSpan().IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public void A_new_file_must_not_exist_and_an_old_one_must()
    {
        Disk.Open(Root + "/a", DiskAccess.CreateNew).Dispose();
        Assert.Throws<DiskFailedException>(() => Disk.Open(Root + "/a", DiskAccess.CreateNew));
        Assert.Throws<DiskFailedException>(() => Disk.Open(Root + "/b", DiskAccess.ReadWrite));
        Assert.Throws<DiskFailedException>(() => Disk.Open(Root + "/b", DiskAccess.ReadOnly));
        Assert.True(Disk.FileExists(Root + "/a"));
        Assert.False(Disk.FileExists(Root + "/b"));
        Assert.False(Disk.DirectoryExists(Root + "/a"));
    }

    [Fact]
    public void Names_are_listed_in_order_renamed_over_others_and_removed()
    {
        Disk.CreateDirectory(Root + "/d");
        Disk.CreateDirectory(Root + "/d");
        using (IDiskFile b = Disk.Open(Root + "/d/b", DiskAccess.CreateNew))
        {
            b.Write(0, "new"u8);
        }

        Disk.Open(Root + "/d/a", DiskAccess.CreateNew).Dispose();
        Disk.CreateDirectory(Root + "/d/c");
        Assert.Equal([new("a", false), new("b", false), new("c", true)], Disk.List(Root + "/d"));
        Disk.Rename(Root + "/d/b", Root + "/d/a");
        using (IDiskFile a = Disk.Open(Root + "/d/a", DiskAccess.ReadOnly))
        {
            Assert.Equal(3, a.Length);
        }

        Assert.Throws<DiskFailedException>(() => Disk.DeleteDirectory(Root + "/d"));
        Disk.DeleteFile(Root + "/d/a");
        Disk.DeleteFile(Root + "/d/a");
        Disk.DeleteDirectory(Root + "/d/c");
        Disk.SyncDirectory(Root + "/d");
        Disk.DeleteDirectory(Root + "/d");
        Assert.False(Disk.DirectoryExists(Root + "/d"));
        Assert.Throws<DiskReadException>(() => Disk.List(Root + "/d"));
    }

    [Fact]
    public void A_deleted_file_lives_until_it_is_closed_and_unmapped()
    {
        IDiskFile file = Disk.Open(Root + "/a", DiskAccess.CreateNew);
        file.SetLength(10_000);
        file.Write(0, "still here"u8);
        IDiskMapping? mapping = file.Map(10_000);
        Disk.DeleteFile(Root + "/a");
        var read = new byte[10];
        Assert.Equal(10, file.Read(0, read));
        Assert.True(read.AsSpan().SequenceEqual("still here"u8));
        if (mapping is not null)
        {
            Assert.True(mapping.Populate(0, 10).SequenceEqual("still here"u8));
            mapping.Dispose();
        }

        file.Dispose();
        Assert.False(Disk.FileExists(Root + "/a"));
    }

    [Fact]
    public void A_mapping_shows_what_is_written_later_and_a_range_that_was_cut_off_is_an_error()
    {
        using IDiskFile file = Disk.Open(Root + "/a", DiskAccess.CreateNew);
        file.SetLength(256 * 1024);
        using IDiskMapping? mapping = file.Map(256 * 1024);
        if (mapping is null)
        {
            Assert.Skip("this kernel cannot populate mappings");
        }

        file.Write(70_000, "late"u8);
        Assert.True(mapping.Populate(70_000, 4).SequenceEqual("late"u8));
        Assert.Equal(IDiskMapping.PopulateBytesMax, mapping.Populate(1_000, IDiskMapping.PopulateBytesMax).Length);
        file.SetLength(4_096);
        Assert.Throws<DiskReadException>(() => mapping.Populate(70_000, 4));
    }

    [Fact]
    public void A_lock_excludes_until_it_is_given_back()
    {
        IDisposable? first = Disk.TryLock(Root + "/LOCK");
        Assert.NotNull(first);
        Assert.Null(Disk.TryLock(Root + "/LOCK"));
        first.Dispose();
        using IDisposable? second = Disk.TryLock(Root + "/LOCK");
        Assert.NotNull(second);
    }

    [Fact]
    public void There_is_room()
    {
        DiskSpace space = Disk.Space(Root);
        Assert.InRange(space.FreeBytes, 1, space.TotalBytes);
    }

    public virtual void Dispose() => GC.SuppressFinalize(this);
}

public sealed class OsDiskContractTests : DiskContractTests
{
    protected override IDisk Disk { get; } = new OsDisk();

    protected override string Root { get; } = Directory.CreateTempSubdirectory("logbroker-disk-").FullName;

    public override void Dispose()
    {
        Directory.Delete(Root, recursive: true);
        base.Dispose();
    }
}

public sealed class SimDiskContractTests : DiskContractTests
{
    public SimDiskContractTests() => Disk.CreateDirectory(Root);

    protected override IDisk Disk { get; } = new SimDisk(new SimMachine());

    protected override string Root => "/root";
}
