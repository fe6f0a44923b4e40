// The roles of a language model's inputs and outputs: they follow from what a graph computes, never from order or
// shapes alone.
// Uses: graph_text, onnx/{descriptor,model_roles,settled_roles}.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graph_text.h"
#include "onnx/model_roles.h"
#include "onnx/settled_roles.h"

static struct ql_descriptor descriptor;
static struct ql_graph graph;
static struct ql_error error;
static char found[1024];

// Weights and inputs that the cases share: vocabulary 5, and 4 hidden units unless the name says otherwise.
#define HEAD                                                                                         \
    "opset 14\nconst E float 5 4\nconst O float 4 5\nconst one int64 1 = 1\nconst two int64 1 = 2\n" \
    "const zero int64 1 = 0\nconst R float 4 4\nconst U float 4 4\nconst P float 4 4\n"              \
    "input x int64 1 1\n"
#define LSTM_WEIGHTS "const W float 1 16 4\nconst V float 1 16 4\n"
#define LSTM_HEAD                                                                         \
    HEAD LSTM_WEIGHTS "input h float 1 1 4\ninput c float 1 1 4\nGather E x -> e\n"       \
                      "LSTM e W V - - h c -> Y hn cn hidden_size=4\nSqueeze Y one -> f\n" \
                      "MatMul f O -> y\n"
#define STATE(name) "output " name " float 1 1 4\n"
#define LOGITS(name) "output " name " float 1 1 5\n"

static enum ql_status read(const char *text, int symbols)
{
    ql_graph_free(&graph);
    assert_int_equal(graph_text_read(&graph, text, &error), QL_OK);
    descriptor.vocabulary.count = symbols;
    return ql_settled_roles_init(&graph, &descriptor, &error);
}

// The roles as "x>y h>hn c>cn", or the error.
static const char *roles_of(const char *text, int symbols)
{
    descriptor = (struct ql_descriptor){0};
    if (read(text, symbols) != QL_OK) {
        (void)snprintf(found, sizeof found, "%s", error.message);
        return found;
    }
    (void)snprintf(found, sizeof found, "%s>%s", descriptor.tokens, descriptor.logits);
    for (int s = 0; s < descriptor.state_count; s++) {
        (void)snprintf(found + strlen(found), sizeof found - strlen(found), " %s>%s", descriptor.states[s].input,
                       descriptor.states[s].output);
    }
    return found;
}

static void expect_roles(const char *text, const char *roles)
{
    assert_string_equal(roles_of(text, 5), roles);
}

static void expect_error(const char *text, const char *part)
{
    const char *message = roles_of(text, 5);
    if (strstr(message, part) == NULL) {
        print_error("'%s' has no '%s'\n", message, part);
        fail();
    }
}

static int tear_down(void **state)
{
    (void)state;
    ql_graph_free(&graph);
    return 0;
}

static void states_of_a_recurrent_node_do_not_depend_on_order(void **state)
{
    (void)state;
    expect_roles(LSTM_HEAD LOGITS("y") STATE("hn") STATE("cn"), "x>y h>hn c>cn");
    expect_roles(LSTM_HEAD LOGITS("y") STATE("cn") STATE("hn"), "x>y h>hn c>cn");
    expect_roles(LSTM_HEAD STATE("cn") LOGITS("y") STATE("hn"), "x>y h>hn c>cn");
    expect_roles(LSTM_HEAD LOGITS("y") STATE("f") STATE("hn") STATE("cn"), "x>y h>hn c>cn");
    expect_roles(LSTM_HEAD STATE("f") STATE("cn") STATE("hn") LOGITS("y"), "x>y h>hn c>cn");
    // For one step, Y is the hidden state.
    expect_roles(LSTM_HEAD LOGITS("y") STATE("cn") STATE("f"), "x>y h>f c>cn");
}

static void states_of_layers_are_told_apart(void **state)
{
    (void)state;
    const char *head = HEAD "const W float 1 12 4\nconst V float 1 12 4\nconst W2 float 1 12 4\nconst V2 float 1 12 4\n"
                            "input h1 float 1 1 4\ninput h2 float 1 1 4\nGather E x -> e\n"
                            "GRU e W V - - h1 -> Y1 hn1 hidden_size=4\nSqueeze Y1 one -> f1\n"
                            "GRU f1 W2 V2 - - h2 -> Y2 hn2 hidden_size=4\nSqueeze Y2 one -> f2\nMatMul f2 O -> y\n";
    char text[4096];
    (void)snprintf(text, sizeof text, "%s" LOGITS("y") STATE("hn2") STATE("hn1"), head);
    expect_roles(text, "x>y h1>hn1 h2>hn2");
    (void)snprintf(text, sizeof text, "%s" STATE("hn2") LOGITS("y") STATE("f1"), head);
    expect_roles(text, "x>y h1>f1 h2>hn2");
    // Both layers' states in one output, but separate as inputs.
    (void)snprintf(text, sizeof text, "%sConcat hn1 hn2 -> all axis=0\n" LOGITS("y") "output all float 2 1 4\n", head);
    expect_error(text, "'h1' comes out in 'all'");
}

#define STACKED(first, second)                                                                             \
    HEAD "const W float 1 12 4\nconst V float 1 12 4\nconst W2 float 1 12 4\nconst V2 float 1 12 4\n"      \
         "input h float 2 1 4\nGather E x -> e\nSlice h zero one zero -> h1\nSlice h one two zero -> h2\n" \
         "GRU e W V - - h1 -> Y1 hn1 hidden_size=4\nSqueeze Y1 one -> f1\n"                                \
         "GRU f1 W2 V2 - - h2 -> Y2 hn2 hidden_size=4\nSqueeze Y2 one -> f2\nMatMul f2 O -> y\n"           \
         "Concat " first " " second " -> hn axis=0\n" LOGITS("y") "output hn float 2 1 4\n"

static void stacked_states_are_followed_through_slices(void **state)
{
    (void)state;
    expect_roles(STACKED("hn1", "hn2"), "x>y h>hn");
    expect_error(STACKED("hn2", "hn1"), "in another order");
    // A single index, batch first, and axes that come and go.
    expect_roles(HEAD "const W float 1 12 4\nconst V float 1 12 4\ninput h float 1 1 2 4\nGather E x -> e\n"
                      "const k int64 = 1\nGather h k -> g axis=2\nGRU e W V - - g -> Y gn hidden_size=4\n"
                      "Gather h zero -> rest axis=2\nUnsqueeze gn two -> gu\nConcat rest gu -> hn axis=2\n"
                      "Squeeze Y one -> f\nMatMul f O -> y\n" LOGITS("y") "output hn float 1 1 2 4\n",
                 "x>y h>hn");
}

static void logits_are_what_nothing_is_made_of(void **state)
{
    (void)state;
    // Features as wide as the vocabulary, before and after the logits in the file.
    const char *cell = "opset 14\nconst E float 5 5\nconst R float 5 5\nconst O float 5 5\ninput x int64 1 1\n"
                       "input h float 1 1 5\nGather E x -> e\nMatMul h R -> r\nAdd e r -> a\nTanh a -> hn\n"
                       "MatMul hn O -> y\nSoftmax y -> p\n";
    char text[2048];
    (void)snprintf(text, sizeof text, "%s" LOGITS("hn") LOGITS("y"), cell);
    expect_roles(text, "x>y h>hn");
    (void)snprintf(text, sizeof text, "%s" LOGITS("y") LOGITS("hn"), cell);
    expect_roles(text, "x>y h>hn");
    // Probabilities in addition to the logits.
    (void)snprintf(text, sizeof text, "%s" LOGITS("p") LOGITS("hn") LOGITS("y"), cell);
    expect_roles(text, "x>y h>hn");
    // Two heads: nothing distinguishes them.
    (void)snprintf(text, sizeof text, "%sMatMul hn R -> z\n" LOGITS("y") LOGITS("hn") LOGITS("z"), cell);
    expect_error(text, "\"logits\": \"");
    // Logits, and the same at a temperature.
    (void)snprintf(text, sizeof text, "%sconst t float = 0.5\nDiv y t -> z\n" LOGITS("y") LOGITS("hn") LOGITS("z"),
                   cell);
    expect_error(text, "'y' or 'z'");
}

#define CELL_LSTM                                                                                                      \
    HEAD "input h float 1 1 4\ninput c float 1 1 4\nGather E x -> e\nMatMul h R -> r\nMatMul h U -> u\nMatMul e P -> " \
         "p\n"                                                                                                         \
         "Add e r -> i0\nSigmoid i0 -> i\nAdd p u -> f0\nSigmoid f0 -> f\nAdd e u -> g0\nTanh g0 -> g\n"               \
         "Add p r -> o0\nSigmoid o0 -> o\nMul f c -> k\nMul i g -> q\nAdd k q -> cn\nTanh cn -> t\nMul o t -> hn\n"    \
         "MatMul hn O -> y\n"

static void states_of_cells_by_hand_follow_the_only_way(void **state)
{
    (void)state;
    expect_roles(CELL_LSTM LOGITS("y") STATE("hn") STATE("cn"), "x>y h>hn c>cn");
    expect_roles(CELL_LSTM STATE("cn") STATE("hn") LOGITS("y"), "x>y h>hn c>cn");
    // Two plain layers: the lower one does not depend on the upper one's state.
    expect_roles(HEAD "input h2 float 1 1 4\ninput h1 float 1 1 4\nGather E x -> e\nMatMul h1 R -> r\nAdd e r -> a\n"
                      "Tanh a -> n1\nMatMul n1 P -> p\nMatMul h2 U -> u\nAdd p u -> b\nTanh b -> n2\n"
                      "MatMul n2 O -> y\n" LOGITS("y") STATE("n1") STATE("n2"),
                 "x>y h2>n2 h1>n1");
    // One state, no matter how it is computed.
    expect_roles(HEAD
                 "input s float 1 1 4\nGather E x -> e\nAdd e s -> a\nMatMul a O -> y\nIdentity s -> sn\n" LOGITS("y")
                     STATE("sn"),
                 "x>y s>sn");
}

static void what_the_graph_leaves_open_is_an_error(void **state)
{
    (void)state;
    // The previous state as an output: a copy, which neither shape nor dependence distinguishes from the state itself.
    expect_error(HEAD "input a float 1 1 4\ninput b float 1 1 4\nGather E x -> e\nMatMul a R -> r\nMatMul b U -> u\n"
                      "Add r u -> s\nAdd s e -> t\nTanh t -> an\nIdentity a -> bn\nMatMul an O -> y\n" LOGITS("y")
                          STATE("an") STATE("bn"),
                 "\"states\": [[\"a\", \"an\"], [\"b\", \"bn\"]]");
    // Features with the state's shape, in addition to the state.
    expect_error(HEAD "input h float 1 1 4\nGather E x -> e\nMatMul h R -> r\nAdd e r -> a\nTanh a -> hn\n"
                      "MatMul hn U -> f\nMatMul f O -> y\n" LOGITS("y") STATE("f") STATE("hn"),
                 "'f' or 'hn'");
    // Two states that are reached only through products, crosswise.
    expect_error(HEAD "input a float 1 1 4\ninput b float 1 1 4\nGather E x -> e\nMatMul a R -> r\nMatMul b U -> u\n"
                      "Add r u -> s\nAdd s e -> t\nTanh t -> an\nSigmoid t -> bn\nMatMul an O -> y\n" LOGITS("y")
                          STATE("an") STATE("bn"),
                 "does not tell which output continues");
    // The recurrent layer's own state is not an output.
    expect_error(
        HEAD "const W float 1 12 4\nconst V float 1 12 4\ninput h float 1 1 4\nGather E x -> e\n"
             "GRU e W V - - h -> Y - hidden_size=4\nSqueeze Y one -> q\nMatMul q R -> f\nMatMul f O -> y\n" LOGITS("y")
                 STATE("f"),
        "it starts the node 'GRU_1'");
    expect_error(HEAD "input h float 1 1 4\nGather E x -> e\nAdd e h -> a\nMatMul a O -> y\n" LOGITS("y"),
                 "'h' has no output");
    // More tokens than one.
    expect_error("opset 14\nconst E float 5 5\ninput a int64 1\ninput b int64 1\nGather E a -> c\nGather E b -> d\n"
                 "output c float 1 5\noutput d float 1 5\n",
                 "\"tokens\"");
}

static void a_cache_goes_with_its_append(void **state)
{
    (void)state;
    // Two caches of three steps, of a layer and of the one above it; the newest entry is last.
    expect_roles(HEAD
                 "const three int64 1 = 3\nconst big int64 1 = 4\ninput k2 float 1 3 4\ninput k1 float 1 3 4\n"
                 "Gather E x -> e\nConcat k1 e -> all1 axis=1\nSlice all1 one big one -> n1\n"
                 "ReduceMean n1 -> m1 axes=[1] keepdims=1\nTanh m1 -> t1\nConcat k2 t1 -> all2 axis=1\n"
                 "Slice all2 one big one -> n2\nReduceMean n2 -> m2 axes=[1] keepdims=1\nMatMul m2 O -> y\n" LOGITS(
                     "y") "output n1 float 1 3 4\noutput n2 float 1 3 4\n",
                 "x>y k2>n2 k1>n1");
}

static void names_decide_unless_the_graph_contradicts(void **state)
{
    (void)state;
    descriptor = (struct ql_descriptor){.state_count = 2, .states = {{"h", "cn"}, {"c", "hn"}}};
    assert_int_equal(read(LSTM_HEAD LOGITS("y") STATE("hn") STATE("cn"), 5), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "[\"c\", \"cn\"]"));
    descriptor = (struct ql_descriptor){.state_count = 2, .states = {{"c", "cn"}, {"h", "hn"}}};
    assert_int_equal(read(LSTM_HEAD LOGITS("y") STATE("hn") STATE("cn"), 5), QL_OK);
    descriptor = (struct ql_descriptor){.state_count = 2, .states = {{"c", "cn"}, {"c", "hn"}}};
    assert_int_equal(read(LSTM_HEAD LOGITS("y") STATE("hn") STATE("cn"), 5), QL_ERROR_INPUT);
    descriptor = (struct ql_descriptor){.state_count = 1, .states = {{"c", "cn"}}};
    assert_int_equal(read(LSTM_HEAD LOGITS("y") STATE("hn") STATE("cn"), 5), QL_ERROR_INPUT);
    descriptor = (struct ql_descriptor){.logits = "nobody"};
    assert_int_equal(read(LSTM_HEAD LOGITS("y") STATE("hn") STATE("cn"), 5), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "'nobody'"));
    descriptor = (struct ql_descriptor){.tokens = "nobody"};
    assert_int_equal(read(LSTM_HEAD LOGITS("y") STATE("hn") STATE("cn"), 5), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "'nobody'"));
    descriptor = (struct ql_descriptor){.state_count = 1, .states = {{"s", "y"}}};
    assert_int_equal(
        read(HEAD "input s float 1 1 5\nGather E x -> e\nMatMul e O -> y\nAdd y s -> z\n" LOGITS("y") LOGITS("z"), 5),
        QL_OK);
    assert_string_equal(descriptor.logits, "z");
}

static void pairs_have_to_agree_with_the_dependencies(void **state)
{
    (void)state;
    // Two layers, the upper one of which also sees the lower one's state.
    const char *layers =
        HEAD "input a float 1 1 4\ninput b float 1 1 4\nGather E x -> e\nMatMul a R -> r\nAdd e r -> s\n"
             "Tanh s -> an\nMatMul an P -> p\nMatMul b U -> u\nAdd p u -> t\nTanh t -> bn\n"
             "MatMul bn O -> y\n" LOGITS("y") STATE("an") STATE("bn");
    descriptor = (struct ql_descriptor){.state_count = 2, .states = {{"a", "an"}, {"b", "bn"}}};
    assert_int_equal(read(layers, 5), QL_OK);
    descriptor = (struct ql_descriptor){.state_count = 2, .states = {{"b", "an"}, {"a", "bn"}}};
    assert_int_equal(read(layers, 5), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "takes 'an' back in as 'b', but the graph computes 'an' without 'b'"));
    assert_non_null(strstr(error.message, "Write [\"a\", \"an\"], [\"b\", \"bn\"]"));
    // Insisted on; the order of the pairs is another one afterwards.
    descriptor = (struct ql_descriptor){.state_count = 2,
                                        .states = {{.input = "b", .output = "an", .is_certain = true}, {"a", "bn"}}};
    assert_int_equal(read(layers, 5), QL_OK);
    assert_string_equal(descriptor.states[1].input, "b");
    assert_true(!descriptor.states[0].is_certain && descriptor.states[1].is_certain);
    // A state that is handed on as it is stays out of it.
    char text[2048];
    (void)snprintf(text, sizeof text,
                   "%sinput c float 1 1 4\nAdd bn c -> bm\nIdentity c -> cn\n" STATE("bm") STATE("cn"), layers);
    descriptor =
        (struct ql_descriptor){.logits = "y", .state_count = 3, .states = {{"a", "bm"}, {"b", "an"}, {"c", "cn"}}};
    assert_int_equal(read(text, 5), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "Write [\"a\", \"an\"], [\"b\", \"bm\"], so"));
    // An output that no state reaches leaves no other way, nor does one that repeats an input.
    descriptor = (struct ql_descriptor){.state_count = 2, .states = {{"a", "an"}, {"b", "bn"}}};
    assert_int_equal(read(HEAD
                          "input a float 1 1 4\ninput b float 1 1 4\nGather E x -> e\nIdentity e -> an\nAdd e a -> s\n"
                          "Add s b -> t\nTanh t -> bn\nMatMul bn O -> y\n" LOGITS("y") STATE("an") STATE("bn"),
                          5),
                     QL_OK);
    descriptor = (struct ql_descriptor){.state_count = 2, .states = {{"a", "an"}, {"b", "bn"}}};
    assert_int_equal(read(HEAD "input a float 1 1 4\ninput b float 1 1 4\nGather E x -> e\nAdd e a -> s\nTanh s -> bn\n"
                               "Identity b -> an\nAdd bn b -> z\nMatMul z O -> y\n" LOGITS("y") STATE("an") STATE("bn"),
                          5),
                     QL_OK);
}

static void probabilities_become_the_logits_they_are_made_of(void **state)
{
    (void)state;
    static const char *const heads[] = {"Softmax y -> p axis=-1\n", "LogSoftmax y -> p\n",
                                        "Softmax y -> q\nReshape q shape -> p\n", "Softmax y -> q\nIdentity q -> p\n"};
    for (size_t k = 0; k < sizeof heads / sizeof heads[0]; k++) {
        char text[4096];
        (void)snprintf(text, sizeof text,
                       LSTM_HEAD "const shape int64 3 = 1 1 5\n%s" STATE("hn") STATE("cn") LOGITS("p"), heads[k]);
        expect_roles(text, "x>p h>hn c>cn");
        assert_non_null(graph.note);
        assert_string_equal(graph.logits_name, "y");
    }
    expect_roles(LSTM_HEAD LOGITS("y") STATE("hn") STATE("cn"), "x>y h>hn c>cn");
    assert_null(graph.note);
    assert_null(graph.logits_name);
    expect_error(LSTM_HEAD "Sigmoid y -> p\n" STATE("hn") STATE("cn") LOGITS("p"), "a separate probability");
    // Over another axis, and used in the graph, too.
    expect_error(LSTM_HEAD "Softmax y -> p axis=1\n" STATE("hn") STATE("cn") LOGITS("p"), "not over the vocabulary");
    expect_error(LSTM_HEAD "Softmax y -> p\nReduceMax p -> m\nAdd cn m -> cm\n" STATE("hn") STATE("cm") LOGITS("p"),
                 "c");
    // A temperature in the graph itself is reported.
    expect_roles(LSTM_HEAD "const t float = 0.7\nDiv y t -> z\n" STATE("hn") STATE("cn") LOGITS("z"), "x>z h>hn c>cn");
    assert_non_null(strstr(graph.note, "0.7"));
    expect_roles(LSTM_HEAD "const t float = 0.7\nDiv y t -> z\nSoftmax z -> p\n" STATE("hn") STATE("cn") LOGITS("p"),
                 "x>p h>hn c>cn");
    assert_non_null(strstr(graph.note, "0.7"));
}

static void sequence_axis_follows_from_names_and_sizes(void **state)
{
    struct ql_model_roles roles;
    char name[QL_ROLE_NAME_BYTES];

    (void)state;
    static const struct {
        const char *dims;
        int axis;
    } cases[] = {{"1 -1", 1}, {"-1 1", 0}, {"batch seq", 1}, {"time batch", 0}, {"1 1", 0}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        char text[1024];
        (void)snprintf(text, sizeof text,
                       "opset 14\nconst E float 5 5\ninput s float 1 1 5\ninput x int64 %s\nGather E x -> e\n"
                       "Add e s -> y\nIdentity s -> sn\noutput y float 1 1 5\noutput sn float 1 1 5\n",
                       cases[k].dims);
        descriptor = (struct ql_descriptor){.logits = "y"};
        assert_int_equal(read(text, 5), QL_OK);
        assert_int_equal(ql_model_roles_init(&roles, &graph, &descriptor, &error), QL_OK);
        assert_int_equal(roles.sequence_axis, cases[k].axis);
        assert_int_equal(roles.tokens, 1);
        assert_false(roles.one_hot);
    }
    descriptor = (struct ql_descriptor){0};
    assert_int_equal(read("opset 14\nconst O float 5 5\nconst P float 5 4\nconst Q float 4 4\ninput h float 1 1 4\n"
                          "input x float -1 1 5\nMatMul x P -> e\nMatMul h Q -> r\nAdd e r -> a\nTanh a -> hn\n"
                          "MatMul x O -> y\noutput hn float 1 1 4\noutput y float -1 1 5\n",
                          5),
                     QL_OK);
    assert_int_equal(ql_model_roles_init(&roles, &graph, &descriptor, &error), QL_OK);
    assert_true(roles.one_hot);
    const struct ql_binding binding = ql_model_roles_binding(&roles, &graph, 9, name);
    assert_string_equal(binding.name, "x:0");
    assert_int_equal(binding.size, 9);
}

static size_t append(char *text, size_t room, size_t length, const char *format, int number)
{
    return length + (size_t)snprintf(text + length, room - length, format, number);
}

// Seven states of one shape with thirty outputs that could continue each, and an eighth that has none: once, every
// choice for the seven was tried.
static void many_outputs_for_each_state_are_not_tried_out(void **state)
{
    static char text[8192];
    size_t length = 0;

    (void)state;
    length += (size_t)snprintf(text, sizeof text, "%s", HEAD "const G float 3 4\nGather E x -> e\nMatMul e U -> s0\n");
    for (int k = 0; k < 7; k++) {
        length = append(text, sizeof text, length, "input h%d float 1 1 4\n", k);
        length = append(text, sizeof text, length, "Add s%d ", k);
        length = append(text, sizeof text, length, "h%d ", k);
        length = append(text, sizeof text, length, "-> s%d\n", k + 1);
    }
    length += (size_t)snprintf(text + length, sizeof text - length, "%s",
                               "input g float 1 1 3\nMatMul g G -> gg\nAdd s7 gg -> s8\nMatMul s8 R -> a\n"
                               "MatMul a O -> y\noutput y float 1 1 5\n");
    for (int k = 0; k < 30; k++) {
        length = append(text, sizeof text, length, "Tanh a -> o%d\n", k);
        length = append(text, sizeof text, length, "output o%d float 1 1 4\n", k);
    }
    expect_error(text, "the input 'g' has no output that goes with it");
}

#define ROLE_TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROLE_TEST(states_of_a_recurrent_node_do_not_depend_on_order),
        ROLE_TEST(states_of_layers_are_told_apart),
        ROLE_TEST(stacked_states_are_followed_through_slices),
        ROLE_TEST(logits_are_what_nothing_is_made_of),
        ROLE_TEST(states_of_cells_by_hand_follow_the_only_way),
        ROLE_TEST(what_the_graph_leaves_open_is_an_error),
        ROLE_TEST(a_cache_goes_with_its_append),
        ROLE_TEST(names_decide_unless_the_graph_contradicts),
        ROLE_TEST(pairs_have_to_agree_with_the_dependencies),
        ROLE_TEST(probabilities_become_the_logits_they_are_made_of),
        ROLE_TEST(many_outputs_for_each_state_are_not_tried_out),
        ROLE_TEST(sequence_axis_follows_from_names_and_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
