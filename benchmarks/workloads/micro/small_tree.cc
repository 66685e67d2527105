// Trees that are built, walked and torn down, and lists that grow in turn. Here
// most of the time is spent not in malloc but on what it gave: a walk is fast
// where nodes that were made one after the other are close to each other.
// A tree is torn down level by level, not in the order in which it was built,
// so that the free lists are in disorder when the next one is built.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/random.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr int kRepeats = 18;
constexpr int kWalks = 4;
constexpr int kDepth = 15;
constexpr size_t kNodes = (size_t{1} << kDepth) - 1;
constexpr size_t kLists = 128;
constexpr size_t kItems = 30'000;  // of all lists together

// The first word is the block's size, as in every block.
struct Node {
  uint64_t size;
  Node *left;
  Node *right;
  uint64_t key;  // followed by a payload of some words
};

struct Item {
  uint64_t size;
  Item *next;
  uint64_t key;
};

class Garden {
 public:
  explicit Garden(uint64_t seed) : random_(seed) {}

  void BuildTree() { root_ = BuildNode(kDepth); }

  void GrowLists() {
    for (size_t i = 0; i < kItems; i++) {
      Item *item = static_cast<Item *>(Take(sizeof(Item), &live_));
      item->key = random_.Next();
      item->next = lists_[i % kLists];
      lists_[i % kLists] = item;
    }
    operations_ += static_cast<int64_t>(kItems);
  }

  uint64_t Walk() const {
    uint64_t sum = SumOf(root_);
    for (const Item *list : lists_) {
      for (const Item *item = list; item != nullptr; item = item->next) sum += item->key;
    }
    return sum;
  }

  void TearDownTree() {
    level_order_[0] = root_;
    size_t known = 1;
    for (size_t i = 0; i < known; i++) {
      Node *node = level_order_[i];
      if (node->left != nullptr) level_order_[known++] = node->left;
      if (node->right != nullptr) level_order_[known++] = node->right;
      Give(node, &live_);
    }
  }

  void CutLists() {
    for (Item *&list : lists_) {
      while (list != nullptr) {
        Item *next = list->next;
        Give(list, &live_);
        list = next;
      }
    }
  }

  int64_t operations() const { return operations_; }
  const LiveBytes &live() const { return live_; }

 private:
  // Its node, then its left half, then its right half: as a parser does.
  Node *BuildNode(int depth) {
    if (depth == 0) return nullptr;
    const size_t size = sizeof(Node) + sizeof(uint64_t) * random_.Below(7);
    Node *node = static_cast<Node *>(Take(size, &live_));
    node->key = random_.Next();
    node->left = BuildNode(depth - 1);
    node->right = BuildNode(depth - 1);
    operations_++;
    return node;
  }

  static uint64_t SumOf(const Node *node) {
    return node == nullptr ? 0 : node->key + SumOf(node->left) + SumOf(node->right);
  }

  Random random_;
  Node *root_ = nullptr;
  Item *lists_[kLists] = {};
  Scratch<Node *> level_order_{kNodes};
  LiveBytes live_;
  int64_t operations_ = 0;
};

void Run(const Settings &settings, Outcome *outcome) {
  Garden garden(settings.seed);
  outcome->stopwatch.Start();
  for (int repeat = 0; repeat < kRepeats; repeat++) {
    garden.BuildTree();
    garden.GrowLists();
    for (int walk = 0; walk < kWalks; walk++) benchmark::DoNotOptimize(garden.Walk());
    garden.TearDownTree();
    garden.CutLists();
  }
  outcome->stopwatch.Stop();
  outcome->operations = garden.operations();
  outcome->live_peak_bytes = garden.live().peak();
}

}  // namespace

const Workload kMicroSmallTree = {"micro/small_tree",
                                  "locality: are blocks that are made together close together?",
                                  "syntax trees, indices, hash tables with chains", false, Run};

}  // namespace loam::cell
