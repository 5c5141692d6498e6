using LogBroker.Protocol;

namespace LogBroker.Storage.Tests;

/// <summary>What every form of <see cref="ITableStore"/> does.</summary>
public abstract class TableStoreContractTests : IDisposable
{
    protected abstract ITableStore Store { get; }

    [Fact]
    public void A_batch_sets_and_removes_in_order()
    {
        Store.Write(new StateBatch().Put([1], [10]).Put([2], [20]).Delete([1]).Put([2], [21]));
        Assert.Null(Store.Get([1]));
        Assert.False(Store.Has([1]));
        Assert.Equal((byte[])[21], Store.Get([2])!);
        Assert.True(Store.Has([2]));
        Store.Write(new StateBatch().Delete([9]).Delete([2]).Put([3], []));
        Assert.Null(Store.Get([2]));
        Assert.Equal((byte[])[], Store.Get([3])!);
    }

    [Fact]
    public void A_scan_goes_on_behind_a_key_and_ends_with_the_prefix()
    {
        Store.Write(new StateBatch().Put([5, 200], [1]).Put([5, 1], [2]).Put([5], [3]).Put([4, 255], [4]));
        Store.Write(new StateBatch().Put([6], [5]).Put([5, 1, 0], [6]));
        Assert.Equal([[5], [5, 1], [5, 1, 0], [5, 200]], Keys([5], [], 10));
        Assert.Equal([[5], [5, 1]], Keys([5], [], 2));
        Assert.Equal([[5, 1, 0], [5, 200]], Keys([5], [5, 1], 10));
        Assert.Equal([[5, 200]], Keys([5], [5, 100], 10));
        Assert.Equal([[5], [5, 1]], Keys([5], [4, 255], 2));
        Assert.Empty(Keys([5], [5, 200], 10));
        Assert.Empty(Keys([5], [6], 10));
        Assert.Empty(Keys([7], [], 10));
    }

    [Fact]
    public void A_page_ends_when_it_has_its_bytes()
    {
        Store.Write(new StateBatch().Put([1, 1], new byte[100]).Put([1, 2], new byte[100]).Put([1, 3], new byte[100]));
        Assert.Single(Store.Scan([1], [], 10, bytesMax: 1));
        Assert.Equal(2, Store.Scan([1], [], 10, bytesMax: 150).Count);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(255)]
    public void Clearing_takes_a_prefix_and_nothing_else(byte first)
    {
        Store.Write(new StateBatch().Put([first, 7], [1]).Put([first, 7, 255], [2]).Put([first, 8], [3]).Put([first, 6, 255], [4]));
        Store.Clear([first, 7]);
        Assert.Equal([[first, 6, 255], [first, 8]], Keys([first], [], 10));
        Store.Write(new StateBatch().Put([first, 7], [9]));
        Assert.Equal((byte[])[9], Store.Get([first, 7])!);
    }

    [Fact]
    public void The_store_shares_no_memory_with_its_callers()
    {
        byte[] value = [1, 2];
        Store.Write(new StateBatch().Put([1], value));
        value[0] = 9;
        byte[] read = Store.Get([1])!;
        read[1] = 9;
        Assert.Equal((byte[])[1, 2], Store.Get([1])!);
    }

    public virtual void Dispose()
    {
        Store.Dispose();
        GC.SuppressFinalize(this);
    }

    private IEnumerable<byte[]> Keys(byte[] prefix, byte[] after, int max) =>
        Store.Scan(prefix, after, max, long.MaxValue).Select(e => e.Key);
}

public sealed class MemoryTableStoreContractTests : TableStoreContractTests
{
    protected override ITableStore Store { get; } = new MemoryTableStore();
}

public sealed class RocksTableStoreContractTests : TableStoreContractTests
{
    private readonly string _root = Directory.CreateTempSubdirectory("logbroker-tables-").FullName;

    public RocksTableStoreContractTests() => Store = RocksTableStore.Open(_root + "/tables");

    protected override ITableStore Store { get; }

    [Fact]
    public void What_was_written_is_there_when_it_was_closed_and_opened_again()
    {
        Store.Write(new StateBatch().Put([1], [7]));
        Store.Dispose();
        using RocksTableStore again = RocksTableStore.Open(_root + "/tables");
        Assert.Equal((byte[])[7], again.Get([1])!);
    }

    [Fact]
    public void A_damaged_store_gives_way_to_an_empty_one()
    {
        Result<DataDirectory> directory = DataDirectory.Open(new OsDisk(), _root + "/data", new DataDirectoryOptions(new NodeId(1)));
        using DataDirectory opened = directory.Value;
        using (ITableStore store = opened.OpenTableStore())
        {
            store.Write(new StateBatch().Put([1], [7]));
        }

        foreach (string file in Directory.GetFiles(_root + "/data/tables", "MANIFEST-*"))
        {
            File.WriteAllBytes(file, new byte[100]);
        }

        using ITableStore again = opened.OpenTableStore();
        Assert.Null(again.Get([1]));
        again.Write(new StateBatch().Put([1], [8]));
        Assert.Equal((byte[])[8], again.Get([1])!);
    }

    public override void Dispose()
    {
        base.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}
