using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>What every form of <see cref="IStateStore"/> does.</summary>
public abstract class StateStoreContractTests : IDisposable
{
    protected abstract IStateStore Store { get; }

    [Fact]
    public void A_batch_sets_and_removes_in_order()
    {
        Store.Write(new StateBatch().Put([1], [10]).Put([2], [20]).Delete([1]).Put([2], [21]), sync: true);
        Assert.Null(Store.Get([1]));
        Assert.Equal((byte[])[21], Store.Get([2])!);
        Store.Write(new StateBatch().Delete([9]).Delete([2]), sync: false);
        Assert.Null(Store.Get([2]));
    }

    [Fact]
    public void Empty_values_and_absent_ones_differ()
    {
        Store.Write(new StateBatch().Put([1], []), sync: false);
        Assert.Equal((byte[])[], Store.Get([1])!);
        Assert.Null(Store.Get([2]));
    }

    [Fact]
    public void A_scan_gives_what_begins_so_in_order_of_bytes()
    {
        Store.Write(new StateBatch().Put([5, 200], [1]).Put([5, 1], [2]).Put([5], [3]).Put([4, 255], [4]).Put([6], [5]), sync: false);
        Assert.Equal([[5], [5, 1], [5, 200]], Store.Scan([5]).Select(e => e.Key));
        Assert.Equal([[3], [2], [1]], Store.Scan([5]).Select(e => e.Value));
        Assert.Empty(Store.Scan([7]));
    }

    [Fact]
    public void The_store_shares_no_memory_with_its_callers()
    {
        byte[] value = [1, 2];
        Store.Write(new StateBatch().Put([1], value), sync: false);
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
}

public sealed class MemoryStateStoreContractTests : StateStoreContractTests
{
    protected override IStateStore Store { get; } = new MemoryStateStore();
}

public sealed class SimStateStoreContractTests : StateStoreContractTests
{
    private readonly SimMachine _machine = new();

    public SimStateStoreContractTests() => Store = new SimStateStore(_machine);

    protected override IStateStore Store { get; }

    [Fact]
    public void A_crash_loses_unsynced_batches_whole_and_from_the_end()
    {
        Store.Write(new StateBatch().Put([1], [1]), sync: true);
        Store.Write(new StateBatch().Put([2], [2]).Put([3], [3]), sync: false);
        _machine.Restart(LossMode.KeepAll, new Random(1));
        Assert.NotNull(Store.Get([3]));
        _machine.Restart(LossMode.LoseUnsynced, new Random(1));
        Assert.NotNull(Store.Get([1]));
        Assert.Null(Store.Get([2]));
        Assert.Null(Store.Get([3]));
    }
}

public sealed class RocksStateStoreContractTests : StateStoreContractTests
{
    private readonly string _root = Directory.CreateTempSubdirectory("logbroker-state-").FullName;

    public RocksStateStoreContractTests() => Store = RocksStateStore.Open(_root + "/state");

    protected override IStateStore Store { get; }

    [Fact]
    public void What_was_written_is_there_when_it_is_opened_again()
    {
        Store.Write(new StateBatch().Put([1], [7]), sync: false);
        Store.Dispose();
        using RocksStateStore again = RocksStateStore.Open(_root + "/state");
        Assert.Equal((byte[])[7], again.Get([1])!);
    }

    [Fact]
    public void A_damaged_store_is_told_from_one_that_cannot_be_opened()
    {
        Store.Write(new StateBatch().Put([1], [7]), sync: true);
        Store.Dispose();
        foreach (string file in Directory.GetFiles(_root + "/state", "MANIFEST-*"))
        {
            File.WriteAllBytes(file, new byte[100]);
        }

        Assert.Throws<StateStoreDamagedException>(() => RocksStateStore.Open(_root + "/state"));
        Assert.Throws<DiskFailedException>(() => RocksStateStore.Open(_root + "/no/such/place"));
    }

    public override void Dispose()
    {
        base.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}
